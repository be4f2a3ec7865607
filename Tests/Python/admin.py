"""The admin endpoint as a scraper sees it."""

import contextlib
import http.client
import json
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


class Pages:
    """The pages of an endpoint on a Unix socket, each over a connection of its own."""

    def __init__(self, path):
        self.path = path

    def info(self):
        with contextlib.closing(UnixConnection(self.path)) as connection:
            return json.loads(get(connection, "/info")[1])

    def metrics(self):
        with contextlib.closing(UnixConnection(self.path)) as connection:
            return samples(connection)

    def metric(self, name, **labels):
        return self.metrics()[(name, tuple(sorted(labels.items())))]
