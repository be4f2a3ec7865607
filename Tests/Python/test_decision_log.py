"""The decision log: one line a request, and whatever is not in it is said to be missing."""

import http.client
import os
import pathlib
import re
import signal
import stat
import subprocess
import threading
import time

import grpc
import pytest

import api_world
import world
from api import ALLOW, Client, channel, columns, ids, pb, rpc
from api_world import EVE, MIA, SECRETS, bearer
from decision_log import LoggedSidecar, agrees, files, lines, records, stats
from ext_authz import Asker
from sidecar import VERDICT, Sidecar, publish, verdict, wait_until

EDIT = {"action": "edit", "resource": "destination/D1"}
DENIED = {"action": "edit", "resource": "destination/D2"}
MIAS = {"organization": "acme", "principal": MIA, "workspace": "prod"}


@pytest.fixture(scope="module")
def control(tmp_path_factory):
    directory = tmp_path_factory.mktemp("log-policies")
    publish(directory / "control", world.write(api_world.document(), directory / "acme.json"))
    return directory / "control"


def request(checks, **options):
    return pb.AuthorizeRequest(checks=[pb.Check(**one) for one in checks], **{**MIAS, **options})


def ask_everything(sidecar):
    """A little of every kind of request, errors among them."""
    with Client(sidecar.unix) as client, Asker(sidecar.tcp) as ask:
        for _ in range(20):
            client.authorize(request([EDIT]))
        client.authorize(request([DENIED]))
        client.authorize(request([EDIT, DENIED, {"action": "no_such_action"}]))
        client.columns([EDIT, DENIED] * 200, **MIAS)
        # Of a worker: longer than a loop unpacks.
        long = [{"action": "edit", "resource": f"destination/{'x' * 200}{i}"} for i in range(600)]
        client.columns(long, **MIAS)
        client.authorize(request([EDIT], organization="nobody"))
        for bad in (request([]), request([EDIT], min_generation=99)):
            with pytest.raises(grpc.RpcError):
                client.stub.Authorize(bad, timeout=1)
        page = pb.CheckVisibilityRequest(
            organization="acme",
            workspace="prod",
            principals=[MIA, EVE],
            permissions=["destination_live_events", "view"],
            blocks=[pb.VisibilityBlock(resource_type="destination", ids=ids(["D1", "D2"]))],
        )
        client.stub.CheckVisibility(page, timeout=5)
        assert ask("PUT", "/v2/destinations/D1", bearer("ci")).allowed
        assert not ask("PUT", "/v2/destinations/D2", bearer("mia-laptop")).allowed
        assert not ask("GET", "/v2/nowhere?token=hidden", bearer("ci")).allowed


def test_a_record_says_what_the_answer_said(tmp_path, control):
    with LoggedSidecar(tmp_path, "--control", control, "--log-allows", "1") as sidecar:
        with Client(sidecar.unix) as client:
            allowed = client.authorize(request([EDIT]))
            denied = client.authorize(request([DENIED]))
        agrees(sidecar)
    assert stat.S_IMODE(sidecar.path.stat().st_mode) == 0o600
    first, second = records(sidecar.path)
    for record, answer in ((first, allowed), (second, denied)):
        assert record["id"] == answer.decision_id.hex()
        assert record["digest"] == answer.snapshot_digest.hex()
        assert record["generation"] == answer.generation
        assert record["method"] == "Authorize" and record["status"] == "OK"
        assert record["organization"] == "acme" and record["workspace"] == "prod"
        assert record["principal"] == f"user:{MIA}"
        assert record["caller"] == f"uid:{os.getuid()}"
        assert 0 <= record["latency_us"] < 1_000_000 and record["loop"] in (0, 1)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", record["time"])
    assert first["checks"] == [{"effect": "allow", "reason": "granted", **EDIT}]
    assert second["checks"] == [
        {
            "effect": "deny",
            "reason": "resource_not_in_scope",
            **DENIED,
            "permission": "edit",
            "operand": "self",
        }
    ]
    everything = lines(sidecar.path)
    assert [line["seq"] for line in everything] == list(range(1, len(everything) + 1))
    assert everything[0]["kind"] == "start" and everything[-1]["kind"] == "close"


@pytest.mark.parametrize("share", ["0", "0.3", "1"])
def test_log_and_metrics_agree_exactly(tmp_path, control, share):
    with LoggedSidecar(tmp_path, "--control", control, "--log-allows", share) as sidecar:
        ask_everything(sidecar)
        page = sidecar.metrics()
        found = agrees(sidecar)
        assert found["gaps"] == 0 and found["unknown_gaps"] == 0
        # One more or less would be seen.
        wrong = re.sub(
            r'(method="Authorize",effect="allow",reason="granted"\}) (\d+)',
            lambda match: f"{match[1]} {int(match[2]) + 1}",
            page,
        )
        assert wrong != page and not stats(sidecar.path, metrics=wrong)["whole"]
    found = stats(sidecar.path)
    assert found["closed"] and found["whole"]
    kinds = found["requests"]
    assert kinds["Authorize OK"]["records"] + kinds["Authorize OK"]["counted"] == 25
    assert kinds["Authorize INVALID_ARGUMENT"]["records"] == 1
    assert kinds["Authorize FAILED_PRECONDITION"]["records"] == 1
    assert kinds["Check OK"]["records"] >= 2
    counted = sum(one["counted"] for one in kinds.values())
    assert share == "0.3" or counted == (0 if share == "1" else 21)
    written = sidecar.path.read_text()
    assert "hidden" not in written and "earer" not in written
    assert not any(secret in written for secret in SECRETS.values())


def test_batches_list_what_was_not_allowed(tmp_path, control):
    with LoggedSidecar(tmp_path, "--control", control, "--log-allows", "1") as sidecar:
        with Client(sidecar.unix) as client:
            client.columns([EDIT, DENIED, EDIT], **MIAS)
            client.columns([EDIT, DENIED] * 200, **MIAS)
            client.columns([EDIT] * 300, **MIAS)
    few, many, allowed = records(sidecar.path)
    assert [one["index"] for one in few["checks"]] == [0, 1, 2] and "truncated" not in few
    assert few["checks"][1]["resource"] == DENIED["resource"] and few["check_count"] == 3
    assert few["reasons"] == {"granted": 2, "resource_not_in_scope": 1}
    assert many["check_count"] == 400 and many["truncated"] and many["listed"] == 100
    assert [one["index"] for one in many["checks"]] == list(range(1, 201, 2))
    assert {one["resource"] for one in many["checks"]} == {DENIED["resource"]}
    assert allowed["checks"] == [] and allowed["reasons"] == {"granted": 300}


def test_pages_and_gateways_are_in_it(tmp_path, control):
    with LoggedSidecar(tmp_path, "--control", control, "--log-allows", "1") as sidecar:
        ask_everything(sidecar)
    found = records(sidecar.path)
    page = next(one for one in found if one["method"] == "CheckVisibility")
    assert page["check_count"] == 4 and len(page["checks"]) == 4
    assert page["checks"][0]["principal"] == f"user:{MIA}"
    assert {one["action"] for one in page["checks"]} == {"destination_live_events", "view"}
    passed, refused, lost = [one for one in found if one["method"] == "Check"]
    assert passed["principal"] == "service_token:ci" and passed["route"] == "/v2/destinations/{id}"
    assert passed["checks"] == [
        {"effect": "allow", "reason": "granted", "action": "edit", "resource": "destination/D1"}
    ]
    assert refused["principal"] == "personal_token:mia-laptop"
    assert refused["checks"][0]["reason"] == "resource_not_in_scope"
    assert lost["checks"][0]["reason"] == "no_route" and "route" not in lost
    worker = [one for one in found if one.get("check_count") == 600]
    assert len(worker) == 1 and worker[0]["latency_us"] > 0


def test_each_message_of_a_stream_has_its_record(tmp_path, control):
    with LoggedSidecar(tmp_path, "--control", control, "--log-allows", "1") as sidecar:
        with channel(sidecar.tcp) as one:
            stub = rpc.DecisionServiceStub(one)
            asked = [request([EDIT]), request([DENIED, EDIT]), request([EDIT])]
            answers = list(stub.AuthorizeStream(iter(asked), timeout=10))
        agrees(sidecar)
    found = records(sidecar.path)
    assert [one["id"] for one in found] == [answer.decision_id.hex() for answer in answers]
    assert {one["method"] for one in found} == {"AuthorizeStream"}
    assert [one["checks"][0]["effect"] for one in found] == ["allow", "deny", "allow"]


def test_forward_auth_is_in_it(tmp_path, control):
    words = ["--control", control, "--log-allows", "1", "--forward-auth", "127.0.0.1:0"]
    with LoggedSidecar(tmp_path, *words, loops=1) as sidecar:
        link = http.client.HTTPConnection("127.0.0.1", sidecar.forward_auth_port(), timeout=10)
        for path in ("/v2/destinations/D1?secret=hidden", "/v2/destinations/D2"):
            headers = {
                "X-Forwarded-Method": "PUT",
                "X-Forwarded-Uri": path,
                "X-Forwarded-Host": "api.example",
                "X-Forwarded-Proto": "https",
                **bearer("mia-laptop" if "D2" in path else "ci"),
            }
            link.request("GET", "/", headers=headers)
            link.getresponse().read()
        link.close()
        agrees(sidecar)
    found = records(sidecar.path)
    assert [one["method"] for one in found] == ["ForwardAuth"] * 2
    assert [one["loop"] for one in found] == [1, 1]
    assert [one["checks"][0]["effect"] for one in found] == ["allow", "deny"]
    assert re.fullmatch(r"ip:127\.0\.0\.1:\d+", found[0]["caller"])
    assert "hidden" not in sidecar.path.read_text()


def test_who_may_not_call_is_in_it(tmp_path, control):
    nobody = f"uid:{os.getuid() + 1}"
    with LoggedSidecar(tmp_path, "--control", control, "--allow-caller", nobody) as sidecar:
        with Client(sidecar.unix) as client, pytest.raises(grpc.RpcError):
            client.authorize(request([EDIT]))
        agrees(sidecar)
    (record,) = records(sidecar.path)
    assert record["status"] == "PERMISSION_DENIED" and record["caller"] == f"uid:{os.getuid()}"
    assert "checks" not in record and "principal" not in record


def test_fields_are_masked_or_hashed(tmp_path, control):
    key = tmp_path / "key"
    key.write_text("0123456789abcdef\n")
    words = ["--log-mask", "resource", "--log-hash", "principal", "--log-hash-key", key]
    with LoggedSidecar(tmp_path, "--control", control, *words) as sidecar:
        with Client(sidecar.tcp) as client:
            client.authorize(request([DENIED]))
    (record,) = records(sidecar.path)
    digest = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", "0123456789abcdef"],
        input=f"user:{MIA}",
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()[-1]
    assert record["principal"] == f"hmac:{digest[:32]}"
    assert record["checks"][0]["resource"] == "***"
    assert re.fullmatch(r"ip:127\.0\.0\.1:\d+", record["caller"])
    assert MIA not in sidecar.path.read_text() and "D2" not in sidecar.path.read_text()


class Load:
    """Callers that ask without end, and count what came back."""

    def __init__(self, address, checks, threads=4):
        self.address, self.checks = address, checks
        self.answered, self.slowest, self.failed = 0, 0.0, []
        self.lock = threading.Lock()
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def _run(self):
        with channel(self.address) as one:
            stub = rpc.DecisionServiceStub(one)
            while not self.ended.is_set():
                start = time.monotonic()
                try:
                    answer = stub.Authorize(request(self.checks), timeout=10)
                except grpc.RpcError as error:
                    if not self.ended.is_set():
                        self.failed.append(error)
                    return
                assert len(answer.effects) == len(self.checks) and answer.effects[0] == ALLOW
                with self.lock:
                    self.answered += 1
                    self.slowest = max(self.slowest, time.monotonic() - start)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join(15)


# Records of some ten kilobytes, so that little time fills much memory.
LARGE = [EDIT] + [{"action": "edit", "resource": f"destination/{'d' * 150}{i}"} for i in range(60)]


def test_files_change_by_size_and_the_oldest_goes(tmp_path, control):
    words = ["--log-file", "64KiB", "--log-files", "3", "--log-allows", "1"]
    with LoggedSidecar(tmp_path, "--control", control, *words) as sidecar:
        with Load(sidecar.unix, LARGE) as load:
            wait_until(lambda: load.answered > 200, "some requests")
        agrees(sidecar)
    assert not load.failed
    kept = files(sidecar.path)
    assert [one.name[len(sidecar.path.name) :] for one in kept] == [".2", ".1", ""]
    assert all(stat.S_IMODE(one.stat().st_mode) == 0o600 for one in kept)
    found = stats(sidecar.path)
    assert found["whole"] and found["closed"] and found["first"] > 1
    # Whatever order they are named in.
    assert stats(*reversed(kept))["whole"]
    assert lines(sidecar.path)[0]["kind"] == "continue"


def test_a_kill_leaves_a_log_that_states_what_is_missing(tmp_path, control):
    path = tmp_path / "decisions.jsonl"
    words = ["--control", control, "--log-allows", "1"]
    words += ["--log-file", "256KiB", "--log-files", "200"]
    for number in range(6):
        sidecar = LoggedSidecar(tmp_path / f"run-{number}", *words, path=path)
        with Load(sidecar.unix, LARGE) as load:
            # At another moment each time.
            wait_until(lambda: load.answered > 20 + 37 * number, "some requests")
            load.ended.set()
            sidecar.stop(signal.SIGKILL)
        killed = stats(path)
        assert killed["whole"] and not killed["closed"], killed["complaints"]
        assert killed["unknown_gaps"] == number
    with LoggedSidecar(tmp_path / "last", *words, path=path) as sidecar:
        ask_everything(sidecar)
        found = agrees(sidecar)
    found = stats(path)
    assert found["whole"] and found["closed"]
    assert (found["starts"], found["unknown_gaps"]) == (7, 6)
    # A kill may cut a line off; whoever writes next ends it.
    whole = lines(path, torn=found["torn_lines"])
    gaps = [line for line in whole if line["kind"] == "gap"]
    assert len(gaps) == 6 and all(gap["cause"] == "killed" for gap in gaps)
    assert all(gap["records_max"] == (2 * (4 << 20) + (1 << 20)) // 32 for gap in gaps)


def test_a_line_that_is_cut_off_is_told_and_no_fault(tmp_path, control):
    with LoggedSidecar(tmp_path, "--control", control, "--log-allows", "1") as sidecar:
        ask_everything(sidecar)
    content = sidecar.path.read_bytes()
    sidecar.path.write_bytes(content[:-40])
    found = stats(sidecar.path)
    assert found["whole"] and not found["closed"] and found["torn_tail_bytes"] > 0
    with LoggedSidecar(tmp_path, "--control", control) as sidecar:
        pass
    found = stats(sidecar.path)
    assert found["whole"] and found["torn_lines"] == 1 and found["unknown_gaps"] == 1


def test_a_full_disk_costs_no_decision_and_is_reported(tmp_path, control):
    """The log lies in a small file system of memory, mounted for this server alone."""
    disk = tmp_path / "disk"
    disk.mkdir()
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    mounted = f'mount -t tmpfs -o size=8m tmpfs {disk} && exec "$@"'
    before = ["unshare", *user, "--mount", "sh", "-c", mounted, "sh", VERDICT]
    words = ["--control", control, "--log-allows", "1", "--log-ring", "256KiB"]
    path = disk / "decisions.jsonl"
    with LoggedSidecar(tmp_path, *words, path=path, before=before) as sidecar:
        inside = pathlib.Path(f"/proc/{sidecar.pid}/root{disk}")
        (inside / "filler").write_bytes(bytes(7 << 20))
        with Load(sidecar.unix, LARGE) as load:
            wait_until(lambda: sidecar.sample("verdict_log_failing") == 1, "a full disk", 30)
            full = load.answered
            wait_until(lambda: load.answered > full + 300, "decisions go on")
        assert not load.failed
        told = [line["message"] for line in sidecar.records()]
        assert "the decision log can't be written; records will be dropped, and counted" in told
        # What was written by then can be read, and is whole but for its end.
        assert stats(inside / path.name)["faults"] == 0
        (inside / "filler").unlink()
        found = agrees(sidecar, inside / path.name)
        assert found["gap_records"] > 0 and found["faults"] == 0
        assert found["gap_records"] == sidecar.sample("verdict_log_dropped_records_total")
        assert sum(found["requests"]["Authorize OK"].values()) == load.answered
        gaps = [line for line in lines(inside / path.name) if line["kind"] == "gap"]
        assert all(gap["cause"] == "ring_full" for gap in gaps)
    assert "the decision log is written again" in [line["message"] for line in sidecar.records()]


def test_a_slow_disk_costs_no_decision(tmp_path, control):
    """Each write of the log's own thread takes two seconds longer."""
    words = ["--control", control, "--log-allows", "1", "--log-ring", "256KiB"]
    with LoggedSidecar(tmp_path, *words) as sidecar:
        tracer = subprocess.Popen(
            ["strace", "-qq", "-o", "/dev/null", "-e", "trace=write"]
            + ["-e", "inject=write:delay_enter=2000000", "-p", str(sidecar.thread("verdict-log"))]
        )
        status = pathlib.Path(f"/proc/{sidecar.pid}/task/{sidecar.thread('verdict-log')}/status")
        wait_until(lambda: f"TracerPid:\t{tracer.pid}\n" in status.read_text(), "strace attached")
        with Load(sidecar.unix, LARGE) as load:
            wait_until(
                lambda: sidecar.sample("verdict_log_dropped_records_total") > 0, "a gap", 60
            )
        tracer.terminate()
        tracer.wait(20)
        assert not load.failed and load.slowest < 1.5
        agrees(sidecar)
    found = stats(sidecar.path)
    assert found["whole"] and found["closed"] and found["gap_records"] > 0
    requests = found["requests"]["Authorize OK"]
    assert requests["gaps"] == found["gap_records"]
    assert sum(requests.values()) == load.answered


def test_a_line_that_was_taken_away_is_found(tmp_path, control):
    with LoggedSidecar(tmp_path, "--control", control, "--log-allows", "1") as sidecar:
        ask_everything(sidecar)
    kept = sidecar.path.read_text().splitlines(keepends=True)
    for place in (1, 5, len(kept) - 3):
        sidecar.path.write_text("".join(kept[:place] + kept[place + 1 :]))
        found = stats(sidecar.path)
        assert not found["whole"]
        words = f"{sidecar.path}:{place + 1}: has number {place + 2} after {place}"
        assert words in found["complaints"][0]
    sidecar.path.write_text("".join(kept).replace('"status":"OK"', '"status":"ABORTED"', 1))
    assert "says other sums" in stats(sidecar.path)["complaints"][0]


def test_a_log_of_somebody_else_is_not_written_to(tmp_path, control):
    other = tmp_path / "notes.txt"
    other.write_text("not a log\n")
    with pytest.raises(AssertionError, match="is no decision log"):
        LoggedSidecar(tmp_path / "other", "--control", control, path=other)
    assert other.read_text() == "not a log\n"
    with LoggedSidecar(tmp_path / "one", "--control", control) as sidecar:
        with pytest.raises(AssertionError, match="flock"):
            LoggedSidecar(tmp_path / "two", "--control", control, path=sidecar.path)
    with pytest.raises(AssertionError, match="No such file"):
        LoggedSidecar(tmp_path / "none", "--control", control, path=tmp_path / "no" / "log")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--log-allows", "2"], "expected 0 to 1"),
        (["--log-hash", "principal"], "--log-hash and --log-hash-key go together"),
        (["--log-mask", "color"], "expected one of organization, principal"),
        (["--log-ring", "1KiB"], "expected 256KiB to 1GiB"),
        (["--log-mask", "caller", "--log-hash", "caller", "--log-hash-key", "x"], "the same field"),
    ],
)
def test_settings_that_make_no_sense_are_refused(control, words, complaint):
    done = verdict(
        "serve", "--control", control, "--decision-log", "/dev/null", *words, check=False
    )
    assert done.returncode == 64 and complaint in done.stderr


def test_without_a_log_its_options_are_refused(control):
    done = verdict("serve", "--control", control, "--log-allows", "1", check=False)
    assert done.returncode == 64 and "go with --decision-log" in done.stderr


def test_without_a_log_there_is_no_thread_for_it(tmp_path, control):
    with Sidecar(tmp_path, "--control", control) as sidecar:

        def names():
            tasks = [pathlib.Path(f"/proc/{sidecar.pid}/task/{one}") for one in sidecar.threads()]
            return {(task / "comm").read_text().strip() for task in tasks}

        wait_until(lambda: "verdict-loop-0" in names(), "threads have their names")
        assert "verdict-log" not in names()
