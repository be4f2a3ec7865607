"""Requests through a gateway, over and over, while policies change and Verdict comes and goes."""

import threading

import api_world
import world
from api_world import bearer
from sidecar import publish, wait_until

# One that may never pass, one that may at times, and one that always may.
REQUESTS = {
    "never": ("reader", "/v2/destinations/D1"),
    "turns": ("ci", "/v2/destinations/D1"),
    "always": ("ci", "/v2/destinations/D2"),
}


class Policies:
    """A control directory with policies that grant `turns`, or don't."""

    def __init__(self, directory):
        granted, denied = api_world.document(), api_world.document()
        denied["tokens"]["service"][0]["policy"] = {"resources": {"destination": {"edit": ["D2"]}}}
        self.control = directory / "control"
        self.files = {
            True: world.write(granted, directory / "granted.json"),
            False: world.write(denied, directory / "denied.json"),
        }
        self.publish(True)

    def publish(self, grants):
        publish(self.control, self.files[grants])


class Traffic:
    """Two clients that send the three requests in turn, as long as it is entered.

    `seen` has the statuses that each got.
    """

    def __init__(self, gateway):
        self.gateway = gateway
        self.seen = {name: set() for name in REQUESTS}
        self._stop = threading.Event()
        self._clients = [threading.Thread(target=self._run) for _ in range(2)]

    def _run(self):
        while not self._stop.is_set():
            for name in REQUESTS:
                self.seen[name].add(self._ask(name))

    def _ask(self, name):
        token, path = REQUESTS[name]
        return self.gateway.request("PUT", path, bearer(token)).status

    def wait_for(self, status, what):
        """Wait until `turns` gets a status."""
        wait_until(lambda: self._ask("turns") == status, what)

    def __enter__(self):
        for client in self._clients:
            client.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for client in self._clients:
            client.join(20)
