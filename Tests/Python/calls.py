"""A right call of the worked example, to be changed in one place at a time."""

import contextlib
import itertools

import frames as f
from api import ALLOW, AUTHORIZE, pb
from peer import framed
from world import MIA

MESSAGE = framed(
    pb.AuthorizeRequest(
        organization="acme",
        principal=MIA,
        workspace="prod",
        checks=[pb.Check(action="edit", resource="destination/D1")],
    ).SerializeToString()
)


def headers(*more, without=(), **changed):
    """A right request's headers; pseudo headers by their name without the colon."""
    plain = {
        ":method": "POST",
        ":scheme": "http",
        ":path": AUTHORIZE,
        ":authority": "localhost",
        "content-type": "application/grpc",
        "te": "trailers",
    }
    for name, value in changed.items():
        plain[f":{name}" if f":{name}" in plain else name.replace("_", "-")] = value
    return [(name, value) for name, value in plain.items() if name not in without] + list(more)


def is_served(peer, outcome=None):
    """Is this (or the next right request's) outcome a right answer?"""
    outcome = outcome or peer.request(headers(), MESSAGE)
    if (outcome.http_status, outcome.grpc_status) != ("200", 0):
        return False
    assert outcome.data[:5] == framed(b"", length=len(outcome.data) - 5)
    return list(pb.AuthorizeResponse.FromString(outcome.data[5:]).effects) == [ALLOW]


class Greedy:
    """Who asks on and on over a peer, and reads nothing."""

    # So long that no read has more requests than may be under way at once.
    HEADERS = headers(("x-padding", "y" * 500))

    def __init__(self, peer):
        self.peer, self.streams, self.rest, self.asked = peer, itertools.count(1, 2), b"", []
        # It is not by what it owes the protocol that it ends.
        assert peer.until(lambda: peer.settings)
        # Its window is large: it is the socket that takes no more.
        peer.send(f.window(0, 1 << 30))
        peer.socket.setblocking(False)

    def ask(self):
        """As much as the socket takes."""
        with contextlib.suppress(BlockingIOError):
            while True:
                if not self.rest:
                    self.asked.append(next(self.streams))
                    self.peer.expect(self.asked[-1])
                    self.rest = f.request(self.asked[-1], self.HEADERS, MESSAGE)
                self.rest = self.rest[self.peer.socket.send(self.rest) :]
