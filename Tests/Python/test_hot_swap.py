"""New policies reach a running server without a failed, late or mixed answer."""

import json
import shutil
import threading

import grpc

import world
from api import ALLOW, DENY, Client, columns, pb
from sidecar import Sidecar, publish, wait_until
from world import MIA

DEFAULTS = {"organization": "acme", "principal": MIA, "workspace": "prod"}
PUBLISHES = 200
RESOURCES = 20_000
MEBIBYTE = 1 << 20


def big_document(edit):
    """The worked example with many destinations, all of them editable by Mia or none."""
    document = world.worked_example()
    prod = document["workspaces"]["prod"]
    prod["resources"]["destination"] += [f"destination-{i:06d}" for i in range(RESOURCES)]
    prod["policies"]["baseline"]["resources"]["destination"]["edit"] = "all" if edit else []
    return document


def one(client):
    return client.plain([{"action": "edit", "resource": "destination/D3"}], **DEFAULTS)[0].effect


def test_an_edited_document_changes_the_answer_after_publishing(tmp_path):
    document = world.worked_example()
    path = world.write(document, tmp_path / "acme.json")
    control = tmp_path / "control"
    publish(control, path)
    with Sidecar(tmp_path / "run", "--control", control) as sidecar, Client(sidecar.unix) as client:
        assert one(client) == DENY
        before = client.info()

        document["workspaces"]["prod"]["policies"]["baseline"]["resources"]["destination"][
            "edit"
        ] = ["D1", "D2", "D3"]
        world.write(document, path)
        assert one(client) == DENY
        publish(control, path)
        wait_until(lambda: one(client) == ALLOW, "the new answer")

        after = client.info()
        assert after.set_number > before.set_number
        assert after.organizations[0].generation > before.organizations[0].generation
        assert after.organizations[0].snapshot_digest != before.organizations[0].snapshot_digest


def test_an_unchanged_organization_keeps_its_generation(tmp_path):
    path = world.write(world.worked_example(), tmp_path / "policy" / "acme.json")
    other = world.random_organization(1)
    world.write(other, tmp_path / "policy" / "other.json")
    control = tmp_path / "control"
    publish(control, tmp_path / "policy")

    def organizations(client):
        return {one.organization: one for one in client.info().organizations}

    with Sidecar(tmp_path / "run", "--control", control) as sidecar, Client(sidecar.tcp) as client:
        before, number = organizations(client), client.info().set_number
        document = world.worked_example()
        document["organization"]["members"].append("new@acme.example")
        world.write(document, path)
        publish(control, tmp_path / "policy")
        wait_until(lambda: client.info().set_number > number, "the new set")
        after = organizations(client)
        assert after["acme"].generation > before["acme"].generation
        assert after["org-1"].generation == before["org-1"].generation
        assert after["org-1"].snapshot_digest == before["org-1"].snapshot_digest


class Load:
    """Clients that ask without a pause and note everything that is wrong."""

    CHECKS = [
        {"action": "edit", "resource": f"destination/destination-{i * 97 % RESOURCES:06d}"}
        for i in range(64)
    ]

    def __init__(self, addresses):
        self.request = pb.AuthorizeRequest(columns=columns(self.CHECKS), **DEFAULTS)
        self.faults, self.answered, self.effect_of = [], 0, {}
        self.stopping = threading.Event()
        self.threads = [
            threading.Thread(target=self._ask, args=(address,)) for address in addresses
        ]

    def _ask(self, address):
        generation = 0
        with Client(address) as client:
            while not self.stopping.is_set():
                try:
                    response = client.authorize(self.request)
                except grpc.RpcError as error:
                    self.faults.append(f"failed: {error.code()} {error.details()}")
                    continue
                effects = set(response.effects)
                if len(response.effects) != len(self.CHECKS) or len(effects) != 1:
                    self.faults.append(f"mixed answer: {effects}")
                if response.generation < generation:
                    self.faults.append(f"late: {response.generation} after {generation}")
                digest = bytes(response.snapshot_digest)
                if self.effect_of.setdefault(digest, effects) != effects:
                    self.faults.append("one digest, two answers")
                generation = response.generation
                self.answered += 1

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def test_two_hundred_publishes_under_load_fail_nothing_and_give_memory_back(tmp_path):
    paths = [
        world.write(big_document(edit), tmp_path / str(edit) / "acme.json")
        for edit in (True, False)
    ]
    control = tmp_path / "control"
    publish(control, paths[1])
    with Sidecar(tmp_path / "run", "--control", control) as sidecar, Client(sidecar.tcp) as client:

        def follow(i):
            publish(control, paths[i % 2])

        with Load([sidecar.tcp, sidecar.tcp, sidecar.unix, sidecar.unix]) as load:
            for i in range(10):
                follow(i)
            wait_until(lambda: client.info().set_number == 11, "set 11")
            warm = sidecar.resident_bytes()
            mapped = sidecar.mappings()
            for i in range(10, PUBLISHES):
                follow(i)
            wait_until(lambda: client.info().set_number == PUBLISHES + 1, "the last set")
        assert load.faults == []
        assert load.answered > PUBLISHES
        assert sorted(map(sorted, load.effect_of.values())) == [[ALLOW], [DENY]]

        snapshot = client.info().organizations[0].snapshot_bytes
        assert snapshot > MEBIBYTE / 4
        wait_until(lambda: sidecar.mappings() <= mapped, "the old copies unmapped")
        grown = sidecar.resident_bytes() - warm
        assert grown < max(
            4 * snapshot, 16 * MEBIBYTE
        ), f"{grown} bytes more after {PUBLISHES} sets"


def blob(control, digest):
    algorithm, _, name = digest.partition(":")
    return control / "blobs" / algorithm / name


def layers(control):
    """The digests of the snapshots that `current` names."""
    index = json.loads((control / "index.json").read_text())
    for entry in index["manifests"]:
        if entry.get("annotations", {}).get("org.opencontainers.image.ref.name") == "current":
            current = json.loads(blob(control, entry["digest"]).read_text())
    return [
        layer["digest"]
        for manifest in current["manifests"]
        for layer in json.loads(blob(control, manifest["digest"]).read_text())["layers"]
    ]


def test_a_corrupt_control_directory_keeps_the_old_policies(tmp_path):
    document = world.worked_example()
    path = world.write(document, tmp_path / "acme.json")
    control, spare = tmp_path / "control", tmp_path / "spare"
    publish(control, path)
    with Sidecar(tmp_path / "run", "--control", control) as sidecar, Client(sidecar.tcp) as client:
        number = client.info().set_number
        good = (control / "index.json").read_bytes()

        def refuses(damage):
            logged = len(sidecar.log)
            damage()
            wait_until(
                lambda: any(
                    record.get("level") in ("error", "critical", "warning")
                    for record in sidecar.records()[logged:]
                ),
                f"a log line about {damage.__name__}",
            )
            assert one(client) == DENY
            assert client.info().set_number == number

        shutil.copytree(control, spare)
        policies = document["workspaces"]["prod"]["policies"]["baseline"]
        policies["resources"]["destination"]["edit"] = "all"
        publish(spare, world.write(document, path))
        (snapshot,) = layers(spare)
        content = blob(spare, snapshot).read_bytes()

        def flipped_snapshot():
            for source in (spare / "blobs").rglob("*"):
                target = control / source.relative_to(spare)
                if source.is_file() and not target.exists():
                    shutil.copy(source, target)
            middle = len(content) // 2
            blob(control, snapshot).write_bytes(
                content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
            )
            shutil.copy(spare / "index.json", control / "index.new")
            (control / "index.new").rename(control / "index.json")

        def truncated_snapshot():
            blob(control, snapshot).write_bytes(content[:-8])
            (control / "index.new").write_bytes((spare / "index.json").read_bytes() + b"\n")
            (control / "index.new").rename(control / "index.json")

        def garbage_index():
            (control / "index.json").write_bytes(b"\0not json")

        refuses(flipped_snapshot)
        refuses(truncated_snapshot)
        refuses(garbage_index)

        blob(control, snapshot).write_bytes(content)
        (control / "index.json").write_bytes(good)
        publish(control, path)
        wait_until(lambda: one(client) == ALLOW, "the repaired set")


def test_documents_served_directly_are_compiled_again_when_they_change(tmp_path):
    document = world.worked_example()
    path = world.write(document, tmp_path / "policy" / "acme.json")
    with Sidecar(tmp_path / "run", "--policy", tmp_path / "policy") as sidecar:
        with Client(sidecar.tcp) as client:
            assert one(client) == DENY
            assert client.info().set_number == 1

            policies = document["workspaces"]["prod"]["policies"]["baseline"]
            policies["resources"]["destination"]["edit"] = "all"
            world.write(document, path)
            wait_until(lambda: one(client) == ALLOW, "the edited answer")
            assert client.info().set_number == 2

            document["organisation"] = "a mistake"
            world.write(document, path)
            wait_until(
                lambda: any("organisation" in line for line in sidecar.log), "the mistake named"
            )
            assert one(client) == ALLOW

            del document["organisation"]
            policies["resources"]["destination"]["edit"] = []
            world.write(document, path)
            wait_until(lambda: one(client) == DENY, "the mended document")
