"""What the admin endpoint tells, over a Unix socket or TCP."""

import contextlib
import http.client
import socket

from prometheus_client.parser import text_string_to_metric_families


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(self.path)


def get(connection, path, method="GET"):
    connection.request(method, path)
    response = connection.getresponse()
    return response, response.read().decode()


def samples(connection):
    """Values by name and labels, of a page that a foreign parser has read."""
    response, text = get(connection, "/metrics")
    assert response.status == 200
    assert response.getheader("Content-Type").startswith("text/plain; version=0.0.4")
    families = list(text_string_to_metric_families(text))
    assert families and all(one.documentation and one.type != "unknown" for one in families)
    names = [one.name for one in families]
    assert len(set(names)) == len(names)
    found = [
        ((sample.name, tuple(sorted(sample.labels.items()))), sample.value)
        for family in families
        for sample in family.samples
    ]
    assert len(dict(found)) == len(found), "a sample stands twice"
    return dict(found)


def limit_hits(path):
    """How often each limit was reached, by its name, as the admin endpoint at a Unix socket says."""
    with contextlib.closing(UnixConnection(path)) as connection:
        return {
            dict(labels)["limit"]: value
            for (name, labels), value in samples(connection).items()
            if name == "verdict_limit_hits_total"
        }


def total(path, name):
    """The sum of a metric over all its labels."""
    with contextlib.closing(UnixConnection(path)) as connection:
        return sum(value for (one, _), value in samples(connection).items() if one == name)
