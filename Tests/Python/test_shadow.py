"""A staged set beside the one in force: a share of the live requests is decided by both, off the
answers' path, and the report says exactly what would be answered otherwise."""

import json
import random

import pytest

import api_world
import world
from api import ALLOW, DENY, Client, columns, pb
from api_world import bearer
from control import LOADED, Site, status, wait_for_number
from ext_authz import Asker
from sidecar import verdict, wait_until
from world import MIA

IDS = [f"D{number:03d}" for number in range(1_000)]
DEFAULTS = {"organization": "acme", "principal": MIA, "workspace": "prod"}
# One in a hundred is decided otherwise by the staged set: five each way.
BEFORE = set(IDS[:500])
GAINED, LOST = set(IDS[700:900:40]), set(IDS[:500:100])
AFTER = (BEFORE | GAINED) - LOST


def document(editable):
    """An organization in which Mia may edit these destinations."""
    example = world.worked_example()
    prod = example["workspaces"]["prod"]
    prod["resources"] = {"destination": IDS}
    destination = {"edit": sorted(editable)}
    prod["policies"] = {
        "baseline": {
            "resources": {"destination": destination},
            "pii": {"destination_live_events": sorted(editable)},
        }
    }
    return example


class Stage(Site):
    """A signed control directory with a set in force, and one that is staged."""

    def put(self, editable, *flags):
        path = world.write(document(editable), self.policies / "acme.json")
        key = ["--key", f"{self.key}.key"]
        return verdict("publish", path, "--control", self.control, *key, *flags)

    def deploy(self):
        verdict("deploy", "--control", self.control, "--key", f"{self.key}.key")


@pytest.fixture
def stage(tmp_path):
    site = Stage(tmp_path)
    site.put(BEFORE)
    site.put(AFTER, "--staged")
    return site


def report(sidecar, *flags, code=None):
    done = verdict("shadow", "report", "--server", sidecar.unix, "--json", *flags, check=False)
    assert done.returncode in (0, 1) if code is None else done.returncode == code, done.stderr
    return json.loads(done.stdout)


def wait_for(sidecar, **counts):
    """The report, once it has these counts."""
    seen = {}

    def settled():
        seen.update(report(sidecar, "--top", 10_000))
        return all(seen[name] == count for name, count in counts.items())

    try:
        wait_until(settled, f"{counts}", 20)
    except AssertionError as error:
        raise AssertionError(f"{error}; the report is {seen}") from error
    return seen


def wait_until_staged(sidecar, number=2):
    def staged():
        done = verdict("shadow", "report", "--server", sidecar.unix, "--json", check=False)
        return json.loads(done.stdout)["staged_set"] == number

    wait_until(staged, f"set {number} staged")


def edits(ids=IDS):
    return [{"action": "edit", "resource": f"destination/{one}"} for one in ids]


def flips(found):
    return {
        (one["resource"].removeprefix("destination/"), one["live_effect"], one["staged_effect"])
        for one in found["differences"]
    }


EXPECTED = {(one, "deny", "allow") for one in GAINED} | {(one, "allow", "deny") for one in LOST}


def test_at_full_share_exactly_the_flipped_checks_are_named(stage):
    with stage.serve("--shadow", "100%") as sidecar, Client(sidecar.tcp) as client:
        wait_until_staged(sidecar)
        for check in edits():
            [answer] = client.plain([check], **DEFAULTS)
            wanted = ALLOW if check["resource"][12:] in BEFORE else DENY
            assert answer.effect == wanted
        found = wait_for(sidecar, requests=1_000, checks=1_000)
        assert found["live_set"] == 1 and found["staged_set"] == 2
        assert found["share"] == "100%"
        assert found["effect_changes"] == 10 and found["reason_changes"] == 0
        assert flips(found) == EXPECTED and len(found["differences"]) == 10
        for one in found["differences"]:
            assert one["count"] == 1 and one["action"] == "edit"
            assert [one[name] for name in DEFAULTS] == list(DEFAULTS.values())
        assert {(c["action"], c["live_effect"], c["count"]) for c in found["changes"]} == {
            ("edit", "allow", 5),
            ("edit", "deny", 5),
        }
        assert found["principals"] == [{"organization": "acme", "principal": MIA, "count": 10}]
        assert found["overflowed_requests"] == found["oversized_requests"] == 0
        # Columns, and a batch that is decided in slices, name the same ones again.
        asked = client.columns(edits(), **DEFAULTS)
        assert [answer.effect == ALLOW for answer in asked] == [one in BEFORE for one in IDS]
        found = wait_for(sidecar, requests=1_001, checks=2_000)
        assert flips(found) == EXPECTED
        assert {one["count"] for one in found["differences"]} == {2}
        text = verdict("shadow", "report", "--server", sidecar.unix, check=False)
        assert text.returncode == 1
        assert f"  2  acme {MIA} edit destination/D700 in prod: deny (" in text.stdout
        assert "2000 checks of 1001 requests: 20 decided otherwise, 0 with another" in text.stdout
        # What is deployed is in force, and nothing differs any more.
        stage.deploy()
        wait_for_number(client, 3)
        client.columns(edits(), **DEFAULTS)
        found = wait_for(sidecar, checks=3_000)
        assert found["live_set"] == 3 and found["effect_changes"] == 20
        assert len(report(sidecar, "--top", 7)["differences"]) == 7


def test_pages_and_gateways_are_compared_too(tmp_path):
    site = Site(tmp_path)
    policy = api_world.document()
    path = world.write(policy, tmp_path / "acme.json")
    flags = ["--control", site.control, "--key", f"{site.key}.key"]
    verdict("publish", path, *flags)
    grants = policy["workspaces"]["prod"]["policies"]["members"][MIA]
    grants["resources"]["destination"]["edit"] = []
    grants["pii"] = {"destination_live_events": ["D1"]}
    verdict("publish", world.write(policy, path), *flags, "--staged")
    with site.serve("--shadow", "100%") as sidecar, Asker(sidecar.tcp) as ask:
        wait_until_staged(sidecar)
        asked = "/v2/destinations/D1?secret=1"
        assert ask("PUT", asked, bearer("mia-laptop")).allowed
        assert ask("GET", "/v2/workspace", bearer("ci")).allowed
        found = wait_for(sidecar, requests=2)
        [one] = found["differences"]
        assert one["resource"] == "PUT /v2/destinations/D1" and one["action"] == "edit"
        assert one["principal"] == "personal_token:mia-laptop"
        assert (one["live_effect"], one["staged_effect"]) == ("allow", "deny")
        with Client(sidecar.tcp) as client:
            block = pb.VisibilityBlock(resource_type="destination")
            block.ids.data, block.ids.lengths = b"D1D2", bytes([2, 2])
            page = client.stub.CheckVisibility(
                pb.CheckVisibilityRequest(
                    **{"organization": "acme", "workspace": "prod"},
                    principals=[MIA],
                    permissions=["destination_live_events"],
                    blocks=[block],
                )
            )
            assert page.visible == [b"\0"]
        found = wait_for(sidecar, requests=3, checks=4)
        assert [
            (one["action"], one["resource"], one["staged_effect"])
            for one in found["differences"]
            if one["principal"] == MIA and one["live_effect"] != one["staged_effect"]
        ] == [("destination_live_events", "destination/D1", "allow")]


def test_a_share_is_a_share_and_the_same_calls_give_the_same_sample(stage):
    counts = []
    for _ in range(2):
        with stage.serve("--shadow", "10%", state=False, loops=1) as sidecar:
            wait_until_staged(sidecar)
            with Client(sidecar.tcp) as client:
                for number in range(2_000):
                    client.plain(edits([IDS[number % 10]]), **DEFAULTS)
            last = {}

            def quiet():
                before = dict(last)
                last.update(report(sidecar))
                return before and before["requests"] == last["requests"]

            wait_until(quiet, "all compared")
            counts.append((last["requests"], sorted(map(str, last["differences"]))))
            # Callers that ask in turn are all seen: of ten kinds of checks two are flipped.
            assert 150 < last["requests"] < 250
            assert last["effect_changes"] > 0
    assert counts[0] == counts[1]


@pytest.mark.parametrize("fault, cause", [("unsigned", "signed"), ("flipped", "digest")])
def test_a_staged_set_that_is_refused_harms_nothing(stage, fault, cause):
    good = stage.layout.index_path.read_bytes()
    stage.put(BEFORE | LOST | {"D999"}, "--staged")
    if fault == "unsigned":
        stage.layout.edit_set(
            lambda made: made["annotations"].pop("dev.verdict.signature"), name="staged"
        )
    else:
        name = stage.layout.snapshots("staged")["acme"]["digest"]
        content = bytearray(stage.layout.blob(name).read_bytes())
        content[len(content) // 2] ^= 4
        stage.layout.blob(name).write_bytes(content)
    bad = stage.layout.index_path.read_bytes()
    stage.layout.write_index(good)
    with stage.serve("--shadow", "100%") as sidecar, Client(sidecar.unix) as client:
        wait_until_staged(sidecar)
        stage.layout.write_index(bad)
        wait_until(lambda: report(sidecar).get("refusal"), "the refusal")
        found = report(sidecar)
        assert cause in found["refusal"] and found["staged_set"] == 2
        said = [r for r in sidecar.records() if "staged policies refused" in r["message"]]
        assert len(said) == 1 and said[0]["level"] == "warning"
        now = status(client)
        assert now.state == LOADED and client.info().set_number == 1
        assert [one.effect for one in client.plain(edits(["D000", "D999"]), **DEFAULTS)] == [
            ALLOW,
            DENY,
        ]
        stage.layout.write_index(good)
        wait_until(lambda: "refusal" not in report(sidecar), "the good one again")


def test_a_set_for_the_live_channel_is_not_compared_as_a_staged_one(stage):
    stage.layout.point("staged", stage.layout.ref("current"))
    with stage.serve("--shadow", "1%") as sidecar:
        wait_until(
            lambda: "meant for `current`" in report(sidecar, code=64).get("refusal", ""),
            "the refusal",
        )


def test_nothing_staged_is_no_failure(stage):
    index = stage.layout.index()
    index["manifests"] = [
        entry
        for entry in index["manifests"]
        if entry["annotations"]["org.opencontainers.image.ref.name"] != "staged"
    ]
    staged = stage.layout.index_path.read_bytes()
    stage.layout.write_index(index)
    with stage.serve("--shadow", "100%") as sidecar, Client(sidecar.unix) as client:
        text = verdict("shadow", "report", "--server", sidecar.unix, check=False)
        assert text.returncode == 64 and text.stdout == "nothing is staged\n"
        client.plain(edits(["D700"]), **DEFAULTS)
        stage.layout.write_index(staged)
        wait_until_staged(sidecar)
        client.plain(edits(["D700"]), **DEFAULTS)
        # What was asked before is no part of it.
        found = wait_for(sidecar, requests=1)
        assert found["effect_changes"] == 1
        stage.layout.write_index(index)
        wait_until_staged(sidecar, 0)
        stage.layout.write_index(staged)
        wait_until_staged(sidecar)
        assert report(sidecar)["requests"] == 0
        levels = {r["level"] for r in sidecar.records()}
        assert not levels & {"error", "critical"}


def test_without_the_option_nothing_is_compared(stage):
    with stage.serve() as sidecar:
        done = verdict("shadow", "report", "--server", sidecar.unix, check=False)
        assert done.returncode == 64 and "start with --shadow SHARE" in done.stderr


def test_a_queue_that_is_full_is_counted_and_delays_nobody(stage):
    """Batches come faster than a thread that decides each check twice can take them."""
    rng = random.Random(5)
    batch = pb.AuthorizeRequest(**DEFAULTS)
    with stage.serve("--shadow", "100%", loops=1) as sidecar, Client(sidecar.unix) as client:
        wait_until_staged(sidecar)
        batch.columns.CopyFrom(columns(edits([rng.choice(IDS) for _ in range(10_000)])))
        waves, size = 8, 50
        for _ in range(waves):
            calls = [client.stub.Authorize.future(batch, timeout=60) for _ in range(size)]
            assert {len(call.result().effects) for call in calls} == {10_000}
        seen = {}

        def done():
            seen.update(report(sidecar))
            return seen["requests"] + seen["overflowed_requests"] == waves * size

        wait_until(done, "all compared or counted", 60)
        assert seen["overflowed_requests"] > 0 and seen["requests"] > 0
        assert seen["checks"] == seen["requests"] * 10_000
