"""What the tests share: a server with the worked example, and clients over both transports."""

import pytest

import world
from api import Client
from gateways import Upstream
from peer import Peer
from sidecar import Sidecar, publish


@pytest.fixture(scope="session")
def acme_document(tmp_path_factory):
    return world.write(world.worked_example(), tmp_path_factory.mktemp("policy") / "acme.json")


@pytest.fixture(scope="session")
def acme(tmp_path_factory, acme_document):
    """A server with the worked example, for tests that change nothing."""
    directory = tmp_path_factory.mktemp("acme")
    publish(directory / "control", acme_document)
    admin = directory / "admin.sock"
    arguments = ["--control", directory / "control", "--admin", f"unix:{admin}"]
    with Sidecar(directory, *arguments) as sidecar:
        sidecar.control, sidecar.admin = directory / "control", admin
        yield sidecar


@pytest.fixture(scope="module")
def upstream():
    """The API behind a gateway."""
    upstream = Upstream()
    yield upstream
    upstream.close()


@pytest.fixture(params=["tcp", "unix"])
def client(request, acme):
    """A client of that server, once over TCP and once over the Unix socket."""
    with Client(getattr(acme, request.param)) as client:
        yield client


@pytest.fixture(params=["tcp", "unix"])
def peer(request, acme):
    """A peer that says what it is told, once over TCP and once over the Unix socket."""
    with Peer(getattr(acme, request.param)) as peer:
        # Before the settings are known a stream's window is that of the protocol, 65,535 bytes.
        assert peer.until(lambda: peer.settings)
        yield peer
