"""Route tables that sets carry: published, signed, in force and rolled back with the policies."""

import json

import pytest

import api_world
import world
from admin import Pages
from api import Client
from api_world import bearer
from control import LOADED, STALE, keygen, status, wait_for_cause, wait_until_loaded
from ext_authz import Asker
from layout import Layout
from sidecar import Sidecar, verdict, wait_until

HEAD = "apiVersion: verdict.routes/v1\nmodel: rudderstack\nroutes:\n"
STATUS = "  - {match: GET /status, public: true}\n"
WORKSPACE = "  - {match: GET /v2/workspace, check: view}\n"
DESTINATION = "  - {match: 'PUT /v2/destinations/{id}', check: 'edit destination/{id}'}\n"


class Routes:
    """A control directory with one organization, and route tables that are published with it."""

    def __init__(self, directory):
        self.directory = directory
        self.control = directory / "control"
        self.layout = Layout(self.control)
        self.policy = world.write(api_world.document(), directory / "acme.json")

    def table(self, *routes):
        path = self.directory / f"{abs(hash(routes))}.routes.yaml"
        path.write_text(HEAD + "".join(routes))
        return path

    def publish(self, *routes, flags=()):
        words = ["--routes", self.table(*routes)] if routes else []
        return verdict("publish", self.policy, "--control", self.control, *words, *flags)

    def history(self):
        lines = verdict("history", "--control", self.control, "--json").stdout.splitlines()
        return [json.loads(line) for line in lines]

    @property
    def pages(self):
        return Pages(self.directory / "run" / "admin.sock")

    def serve(self, *flags):
        admin = ["--admin", f"unix:{self.directory}/run/admin.sock"]
        return Sidecar(self.directory / "run", "--control", self.control, *admin, *flags, loops=1)


@pytest.fixture
def site(tmp_path):
    return Routes(tmp_path)


def test_other_routes_change_answers_without_a_restart(site):
    key = keygen(site.directory / "key")
    signed = ["--key", f"{key}.key"]
    site.publish(STATUS, flags=signed)
    with site.serve("--trust", f"{key}.pub") as sidecar, Asker(sidecar.tcp) as ask:
        assert ask("GET", "/status").allowed
        assert ask("GET", "/v2/workspace", bearer("ci")).reason == "no_route"
        assert "changed routes" in site.publish(WORKSPACE, flags=signed).stdout
        wait_until(lambda: ask("GET", "/v2/workspace", bearer("ci")).allowed, "the new routes")
        assert ask("GET", "/status").status == 401
        # The table is a part of what is rolled back.
        back = ["--to", 1, "--reason", "too early", "--control", site.control, *signed]
        verdict("rollback", *back)
        wait_until(lambda: ask("GET", "/status").allowed, "the old routes")
        # Without a table of its own those count that ship.
        assert "removed routes" in site.publish(flags=signed).stdout
        wait_until(
            lambda: ask("PUT", "/v2/destinations/D1", bearer("ci")).allowed, "the routes that ship"
        )
        assert ask("GET", "/status").status == 401
        [active] = [r for r in sidecar.records() if r.get("set") == 2]
        digest = site.layout.manifests("g2")[-1]["layers"][0]["digest"]
        assert active["routes"] == digest


def test_the_signature_covers_the_routes(site):
    key = keygen(site.directory / "key")
    site.publish(STATUS, flags=["--key", f"{key}.key"])
    other = site.layout.copy(site.directory / "other")
    site.publish(WORKSPACE, flags=["--key", f"{key}.key"])
    with site.serve("--trust", f"{key}.pub") as sidecar, Client(sidecar.unix) as client:
        # The routes of one signed set in another one.
        manifest = other.set()["manifests"][-1]
        site.layout.edit_set(lambda content: content["manifests"].__setitem__(-1, manifest))
        wait_for_cause(site, client, "signature")
        with Asker(sidecar.tcp) as ask:
            assert ask("GET", "/v2/workspace", bearer("ci")).allowed
            assert ask("GET", "/status").status == 401


@pytest.mark.parametrize("damage", ["cut", "flipped", "twice"])
def test_a_broken_table_refuses_the_set(site, damage):
    site.publish(STATUS)
    with site.serve() as sidecar, Client(sidecar.unix) as client, Asker(sidecar.tcp) as ask:
        good = site.layout.index_path.read_bytes()
        layer = site.layout.manifests()[-1]["layers"][0]
        content = site.layout.blob(layer["digest"]).read_bytes()
        content = {
            "cut": content[:-8],
            # The offset of the second section.
            "flipped": content[:40] + bytes([content[40] ^ 0x80]) + content[41:],
            "twice": content + content,
        }[damage]

        def change(manifest):
            manifest["layers"] = [site.layout.put(content, mediaType=layer["mediaType"])]

        site.layout.edit_manifest(change, place=-1)
        # A number of its own, so that nothing else is wrong with it.
        site.layout.edit_set(
            lambda made: made["annotations"].update({"dev.verdict.set.number": "2"})
        )
        wait_for_cause(site, client, "routes")
        assert status(client).state == STALE and client.info().set_number == 1
        assert ask("GET", "/status").allowed
        site.layout.write_index(good)
        wait_until_loaded(client)


def test_a_broken_document_publishes_nothing(site):
    site.publish(STATUS)
    before = site.layout.index_path.read_bytes()
    path = site.directory / "wrong.routes.yaml"
    path.write_text(HEAD + "  - {match: GET /status, check: juggle}\n")
    words = ["--control", site.control, "--routes", path]
    done = verdict("publish", site.policy, *words, check=False)
    assert done.returncode == 1 and f"{path}:4:" in done.stderr and "juggle" in done.stderr
    assert site.layout.index_path.read_bytes() == before


def test_routes_of_the_command_line_go_before_those_of_a_set(site):
    site.publish(STATUS)
    own = site.directory / "own.routes.yaml"
    own.write_text(HEAD + WORKSPACE)
    with site.serve("--routes", own) as sidecar, Asker(sidecar.tcp) as ask:
        assert ask("GET", "/v2/workspace", bearer("ci")).allowed
        assert ask("GET", "/status").status == 401
        said = [r for r in sidecar.records() if "--routes was given" in r["message"]]
        assert [record["set"] for record in said] == [1]
        with Client(sidecar.unix) as client:
            assert status(client).state == LOADED


def test_history_and_differences_tell_of_routes(site):
    site.publish(STATUS, WORKSPACE)
    words = ["--dry-run"]
    done = site.publish(STATUS, DESTINATION, flags=words).stdout
    assert "  - rudderstack: GET /v2/workspace: needs view" in done
    assert "  + rudderstack: PUT /v2/destinations/{id}: needs edit destination/{id}" in done
    assert "GET /status" not in done
    old = site.layout.copy(site.directory / "old").path
    site.publish(STATUS, DESTINATION)
    newest, _ = site.history()
    assert newest["changed"] == [] and newest["changed_attachments"] == ["routes"]
    assert "routes changed" in verdict("history", "--control", site.control).stdout
    done = verdict("diff", old, site.control, "--json", check=False)
    assert done.returncode == 1
    routes = json.loads(done.stdout)["routes"]
    assert [line.split(":")[1] for line in routes["lost"]] == [" GET /v2/workspace"]
    assert [line.split(":")[1] for line in routes["gained"]] == [" PUT /v2/destinations/{id}"]
    same = verdict("diff", old, old)
    assert same.returncode == 0 and same.stdout == ""
