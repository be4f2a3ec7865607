"""What a Check of Envoy's costs beside a unary Authorize, of the same server in the same run.

And what a request through Envoy takes, at a steady rate, beside an authorization server that
answers a constant.

usage: gateway.py [CALLS]   (`make bench-gateway`)
"""

import pathlib
import re
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Python"))

import api_world  # noqa: E402
import counts  # noqa: E402
import ext_authz  # noqa: E402
import load  # noqa: E402
import world  # noqa: E402
from api import AUTHORIZE, channel, pb  # noqa: E402
from gateways import Envoy  # noqa: E402
from sidecar import Sidecar  # noqa: E402

BENCH = ROOT / ".build/release/verdict-bench"

# Twenty headers, as a browser behind a proxy sends them, and Envoy's own.
HEADERS = {
    ":authority": "api.example.com",
    ":method": "PUT",
    ":path": "/v2/destinations/D1",
    ":scheme": "https",
    "accept": "application/json, text/plain, */*",
    "accept-encoding": "gzip, deflate, br",
    "accept-language": "en-GB,en;q=0.9,de;q=0.8",
    "authorization": f"Bearer {api_world.SECRETS['ci']}",
    "cache-control": "no-cache",
    "content-type": "application/json",
    "cookie": "session=0123456789abcdef0123456789abcdef; theme=dark; region=eu",
    "origin": "https://app.example.com",
    "referer": "https://app.example.com/destinations/D1/settings",
    "sec-fetch-mode": "cors",
    "sec-fetch-site": "same-site",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)",
    "x-envoy-internal": "true",
    "x-forwarded-for": "203.0.113.7",
    "x-forwarded-proto": "https",
    "x-request-id": "3f1c1c52-6f3b-4a8e-9a60-9f0e6f6f1b2d",
}
assert len(HEADERS) == 20


def messages(directory):
    """Files of one framed message each: a Check and the same question as an Authorize."""
    check = ext_authz.request("PUT", "/v2/destinations/D1", HEADERS)
    authorize = pb.AuthorizeRequest(
        principal="service_token:ci",
        checks=[pb.Check(action="edit", resource="destination/D1")],
    )
    files = {}
    for name, message in (("check", check), ("authorize", authorize)):
        content = message.SerializeToString()
        files[name] = directory / name
        files[name].write_bytes(struct.pack(">BI", 0, len(content)) + content)
    return files


def costs(calls, rounds=3):
    """Server CPU per call in microseconds, `Check` and `Authorize`, medians of turns."""
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        files = messages(directory)
        policy = world.write(api_world.document(), directory / "acme.json")
        spent = {"check": [], "authorize": []}
        with Sidecar(directory / "verdict", "--policy", policy, loops=1) as sidecar:
            target = load.Target("verdict", sidecar.tcp, sidecar.pid)
            for _ in range(rounds):
                for name, method in (("authorize", AUTHORIZE), ("check", ext_authz.CHECK)):
                    run = load.loadgen(target, method, files[name], 16, 32, calls)
                    spent[name].append(run.cpu)
        return {name: sorted(runs)[len(runs) // 2] for name, runs in spent.items()}


def allocations(calls=400):
    """Heap allocations of our own per Check that passes."""
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        files = messages(directory)
        policy = world.write(api_world.document(), directory / "acme.json")
        counted = counts.allocations(
            directory / "verdict", ext_authz.CHECK, files["check"], calls, "--policy", policy
        )
        return counts.own_allocations(counted), counted


def in_process(measurement, count=2_000_000):
    """What verdict-bench says of `routes` or `bodies`."""
    done = subprocess.run(
        [BENCH, "--only", measurement, "--count", str(count)],
        check=True, capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    return done.stdout.rstrip()


def instructions_per_match(directory):
    """Of reading a path and finding its route, among ten routes and among ten thousand, together."""
    return counts.instructions_in_process(directory, BENCH, "routes", 10_240)


def through(envoy, per_second, seconds):
    """Milliseconds of a request, p50 and p99, at a steady rate over eight connections."""
    with tempfile.NamedTemporaryFile() as log:
        command = [
            "h2load", "--h1", "-t1", "-c8", "-m1", f"--rps={per_second // 8}", f"-D{seconds}",
            f"--log-file={log.name}",
            *(f"-H{name}: {value}" for name, value in HEADERS.items() if name[0] != ":"),
            f"http://127.0.0.1:{envoy.port}/v2/workspace",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
        rows = [line.split(b"\t") for line in log]
    statuses = re.search(r"status codes: (\d+) 2xx, 0 3xx, 0 4xx, 0 5xx", done.stdout)
    if not statuses or int(statuses.group(1)) < per_second * seconds * 0.9:
        raise SystemExit(f"h2load through Envoy failed:\n{done.stdout}{done.stderr}")
    times = sorted(int(row[2]) / 1000 for row in rows)
    return times[len(times) // 2], times[len(times) * 99 // 100]


def latencies(per_second=5_000, seconds=8, rounds=3):
    """(p50, p99) in milliseconds through Envoy, by who decides; medians of turns."""

    def answers_itself(_, host):
        host["routes"] = [{"match": {"prefix": "/"}, "direct_response": {"status": 200}}]

    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        policy = world.write(api_world.document(), directory / "acme.json")
        with Sidecar(directory / "verdict", "--policy", policy, loops=1) as sidecar:
            check = ext_authz.request("GET", "/v2/workspace", HEADERS).SerializeToString()
            link = channel(sidecar.tcp)
            answer = link.unary_unary(ext_authz.CHECK)(check)
            link.close()
            constant = directory / "answer"
            constant.write_bytes(struct.pack(">BI", 0, len(answer)) + answer)
            floor = load.Floor("tcp:0", answer=constant)
            ports = {"verdict": sidecar.port, "constant": int(floor.address.rsplit(":", 1)[1])}
            envoys = {
                who: Envoy(directory / who, port, 1, answers_itself) for who, port in ports.items()
            }
            try:
                runs = {who: [] for who in envoys}
                for _ in range(rounds):
                    for who, envoy in envoys.items():
                        runs[who].append(through(envoy, per_second, seconds))
            finally:
                for envoy in envoys.values():
                    envoy.close()
                floor.stop()
    middle = rounds // 2
    return {
        who: tuple(sorted(times)[middle] for times in zip(*turns)) for who, turns in runs.items()
    }


if __name__ == "__main__":
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 400_000
    cost = costs(calls)
    print(f"Authorize {cost['authorize']:.2f} us, Check with 20 headers {cost['check']:.2f} us: "
          f"{cost['check'] / cost['authorize']:.2f} times")
    own, counted = allocations()
    print(f"heap allocations of our own per Check: {own:.3f} ({counted})")
    print(in_process("routes"), in_process("bodies"), sep="\n")
    with tempfile.TemporaryDirectory() as name:
        print(f"instructions per two matches: {instructions_per_match(pathlib.Path(name)):.0f}")
    times = latencies()
    for place, name in enumerate(("p50", "p99")):
        ours, constant = times["verdict"][place], times["constant"][place]
        print(f"{name} through Envoy at 5,000 a second: {ours:.2f} ms, with a constant answer "
              f"{constant:.2f} ms: {ours / constant:.2f} times")
