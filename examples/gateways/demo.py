"""Starts Verdict, Envoy and a tiny API, sends a few requests, and shows what happened.

usage: demo.py VERDICT ENVOY
"""

import http.client
import http.server
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).parent
SECRET = {"authorization": "Bearer example-secret"}
REQUESTS = [
    ("allowed", "PUT", "/v2/destinations/D1", SECRET),
    ("denied: not in its scope", "PUT", "/v2/destinations/D2", SECRET),
    ("denied: never granted", "DELETE", "/v2/destinations/D1", SECRET),
    ("unidentified", "PUT", "/v2/destinations/D1", {}),
    ("no route", "GET", "/v2/secrets", SECRET),
    ("a path of two readings", "GET", "/v2/x/%2e%2e/workspace", SECRET),
    ("a forged identity", "GET", "/v2/workspace",
     {**SECRET, "x-verdict-principal": "user:olga@acme.example"}),
]  # fmt: skip


class API(http.server.BaseHTTPRequestHandler):
    """Answers 200 with the identity that it was told."""

    def answer(self):
        names = [name for name in self.headers if name.lower().startswith("x-verdict-")]
        content = json.dumps({name.lower(): self.headers[name] for name in names}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_DELETE = answer

    def log_message(self, *_):
        pass


def started(command, find, log):
    """Start a program and wait until `find` has found something in what it wrote."""
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    end = time.monotonic() + 20
    while time.monotonic() < end and process.poll() is None:
        if found := find():
            return process, found
        time.sleep(0.05)
    process.kill()
    raise SystemExit(f"{command[0]} did not start:\n{log.read_text()}")


def main(verdict, envoy):
    api = http.server.ThreadingHTTPServer(("127.0.0.1", 0), API)
    threading.Thread(target=api.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        log = folder / "verdict.log"

        def verdict_port():
            found = re.search(r"127\.0\.0\.1:([1-9]\d*)", log.read_text())
            return found and found.group(1)

        sidecar, port = started(
            [verdict, "serve", "--policy", HERE / "acme.yaml", "--listen", "127.0.0.1:0"],
            verdict_port, log,
        )  # fmt: skip
        config = (HERE / "envoy.yaml").read_text()
        for old, new in (
            ("7070", port), ("9000", api.server_address[1]), ("9901", 0), ("10000", 0)
        ):  # fmt: skip
            config = config.replace(f"port_value: {old}", f"port_value: {new}")
        (folder / "envoy.yaml").write_text(config)
        admin = folder / "admin"

        def envoy_port():
            try:
                host, admin_port = admin.read_text().strip().rsplit(":", 1)
                connection = http.client.HTTPConnection(host, int(admin_port), timeout=5)
                connection.request("GET", "/listeners?format=json")
                statuses = json.loads(connection.getresponse().read())["listener_statuses"]
                return statuses[0]["local_address"]["socket_address"]["port_value"]
            except (OSError, ValueError, LookupError):
                return None

        proxy, port = started(
            [envoy, "-c", folder / "envoy.yaml", "--admin-address-path", admin,
             "--disable-hot-restart", "-l", "warning"], envoy_port, folder / "envoy.log",
        )  # fmt: skip
        try:
            for what, method, path, headers in REQUESTS:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                connection.request(method, path, headers=headers)
                response = connection.getresponse()
                print(f"{what}: {method} {path} -> {response.status}")
                print(f"    {response.read().decode().strip()}")
                connection.close()
        finally:
            for process in (proxy, sidecar):
                process.terminate()
                process.wait(10)
    api.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
