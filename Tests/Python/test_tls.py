"""TLS with grpcio and openssl's own clients: who gets in, who doesn't, and new certificates."""

import contextlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import grpc
import pytest

from api import ALLOW, Client, pb, rpc
from certificates import Authority
from metrics import hits_since, limit_hits
from peer import Peer, framed
from sidecar import VERDICT, Sidecar, publish, verdict, wait_until
from world import MIA

REQUEST = pb.AuthorizeRequest(
    organization="acme",
    principal=MIA,
    workspace="prod",
    checks=[pb.Check(action="edit", resource="destination/D1")],
)
CHECK = ["--organization", "acme", "--principal", MIA, "--workspace", "prod", "--action", "edit"]
CHECK += ["--resource", "destination/D1"]
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
DENIED = grpc.StatusCode.PERMISSION_DENIED
UNIMPLEMENTED = grpc.StatusCode.UNIMPLEMENTED


@pytest.fixture(scope="module")
def control(tmp_path_factory, acme_document):
    control = tmp_path_factory.mktemp("tls-policy") / "control"
    publish(control, acme_document)
    return control


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """An authority that nobody believes."""
    return Authority(tmp_path_factory.mktemp("stranger"), "Stranger")


def serve(directory, control, identity, *arguments, **options):
    return Sidecar(
        directory,
        *("--control", control),
        *("--tls-certificate", identity.certificate_path, "--tls-key", identity.key_path),
        *arguments,
        **options,
    )


@pytest.fixture(scope="module")
def secured(tmp_path_factory, control, authority):
    """TLS, and clients aren't asked for certificates."""
    directory = tmp_path_factory.mktemp("secured")
    admin = directory / "admin.sock"
    with serve(directory, control, authority.server(), "--admin", f"unix:{admin}") as sidecar:
        sidecar.admin, sidecar.first_hits = admin, limit_hits(admin)
        # For the test that waits until the server has had enough of it.
        sidecar.silent = socket.create_connection(("127.0.0.1", sidecar.port), timeout=20)
        sidecar.silent_since = time.monotonic()
        yield sidecar
        sidecar.silent.close()


@pytest.fixture(scope="module")
def mutual(tmp_path_factory, control, authority):
    """TLS, and clients have to show certificates."""
    directory = tmp_path_factory.mktemp("mutual")
    identity = authority.server("mutual")
    with serve(directory, control, identity, "--tls-client-ca", authority.path) as sidecar:
        yield sidecar


def ask(address, authority=None, identity=None, timeout=5):
    """The effects of one request, over a connection of its own."""
    credentials = grpc.ssl_channel_credentials(
        authority and authority.pem, identity and identity.key, identity and identity.certificate
    )
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
    with grpc.secure_channel(address, credentials, options=options) as channel:
        stub = rpc.DecisionServiceStub(channel)
        return list(stub.Authorize(REQUEST, timeout=timeout).effects)


def refused(*arguments):
    """The code that a call fails with."""
    with pytest.raises(grpc.RpcError) as error:
        ask(*arguments)
    return error.value.code()


def logged(sidecar, message, **facts):
    """Whether a line of the log has this message and, among others, these facts."""
    return any(
        record["message"] == message
        and all(wanted in str(record.get(name)) for name, wanted in facts.items())
        for record in sidecar.records()
    )


def hello(port, version, alpn=("h2",), ciphers=None):
    """Shake hands by Python's own TLS: the version and protocol that came out."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version, context.maximum_version = version, version
    if ciphers:
        context.set_ciphers(ciphers)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
        with context.wrap_socket(plain) as secure:
            return secure.version(), secure.selected_alpn_protocol()


# Who gets in.


def test_a_client_that_believes_the_authority_gets_answers(secured, authority):
    assert ask(secured.tcp, authority) == [ALLOW]
    assert ask(f"localhost:{secured.port}", authority) == [ALLOW]


def test_a_client_that_does_not_believe_it_sends_nothing(secured, stranger):
    assert refused(secured.tcp, stranger) == UNAVAILABLE
    wait_until(
        lambda: logged(secured, "connections failed under TLS", reason="the peer left"),
        "the failed handshake is told",
    )


def test_plaintext_on_a_secured_port_gets_no_answer(secured):
    with grpc.insecure_channel(secured.tcp) as channel, pytest.raises(grpc.RpcError) as error:
        rpc.DecisionServiceStub(channel).Authorize(REQUEST, timeout=5)
    assert error.value.code() == UNAVAILABLE


def test_a_server_certificate_whose_time_is_over_is_told_and_not_believed(
    tmp_path, control, authority
):
    identity = authority.server("expired", start=-9, end=-1)
    with serve(tmp_path, control, identity) as sidecar:
        assert refused(sidecar.tcp, authority) == UNAVAILABLE
        wait_until(
            lambda: logged(sidecar, "certificate loaded, but its time is over"),
            "the old certificate is told",
        )


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken(secured, version):
    spoken, protocol = hello(secured.port, version)
    assert spoken.replace(".", "_") == version.name and protocol == "h2"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_older_versions_are_refused(secured, version):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        hello(secured.port, version, ciphers="ALL:@SECLEVEL=0")


@pytest.mark.parametrize("alpn", [(), ("http/1.1",), ("h2c", "grpc-exp", "h")])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_that_does_not_offer_h2_is_refused_while_it_shakes_hands(secured, version, alpn):
    with pytest.raises(ssl.SSLError, match="no application protocol"):
        hello(secured.port, version, alpn)


def test_h2_is_chosen_among_others(secured):
    offered = ("http/1.1", "h2", "x")
    assert hello(secured.port, ssl.TLSVersion.TLSv1_3, offered)[1] == "h2"


def openssl(port, *arguments, lines=""):
    """What `openssl s_client` says after it has read `lines`."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-alpn", "h2", *arguments]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=20)
    return done.stdout + done.stderr


def test_there_is_no_renegotiation(secured):
    # The client fails of itself where the server's first frames reach it in the middle of asking.
    for _ in range(10):
        said = openssl(secured.port, "-tls1_2", lines="R\n")
        assert "RENEGOTIATING" in said
        if "unexpected record" not in said:
            break
    assert re.search(r"no renegotiation", said, re.IGNORECASE), said


def test_there_is_nothing_to_resume_and_no_early_data(secured):
    for version in ("-tls1_2", "-tls1_3"):
        said = openssl(secured.port, version, "-reconnect")
        assert "Reused," not in said and "session ticket" not in said.lower(), said
        assert version == "-tls1_2" or "Early data was not sent" in said, said


def test_ciphers_without_forward_secrecy_or_authentication_are_refused(secured):
    for cipher in ("AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA"):
        with pytest.raises(ssl.SSLError):
            hello(secured.port, ssl.TLSVersion.TLSv1_2, ciphers=cipher)


def test_a_large_batch_goes_both_ways(secured, authority):
    credentials = grpc.ssl_channel_credentials(authority.pem)
    checks = [
        pb.Check(principal=MIA, action="edit", resource=f"destination/{index}-{'x' * 200}")
        for index in range(1000)
    ]
    request = pb.AuthorizeRequest(
        organization="acme", workspace="prod", checks=checks, want_messages=True
    )
    with grpc.secure_channel(secured.tcp, credentials) as channel:
        stub = rpc.DecisionServiceStub(channel)
        calls = [stub.Authorize.future(request, timeout=20) for _ in range(16)]
        for call in calls:
            assert len(call.result().messages) == 1000


def test_garbage_is_no_handshake(secured, authority):
    for content in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 70000, b"\0" * 9):
        with socket.create_connection(("127.0.0.1", secured.port), timeout=5) as peer:
            try:
                peer.sendall(content)
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(4096):
                    pass
            except OSError:
                pass  # it hung up before we were done
    assert ask(secured.tcp, authority) == [ALLOW]


def test_ciphertext_may_come_byte_by_byte(secured):
    class Secured(Peer):
        """A peer under TLS that sends its ciphertext in the smallest pieces."""

        def __init__(self, address):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_alpn_protocols(["h2"])
            self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            self.tls = context.wrap_bio(self.incoming, self.outgoing)
            super().__init__(address)

        def send(self, content, piece=None):
            while True:
                try:
                    self.tls.write(content)
                    break
                except ssl.SSLWantReadError:
                    self.flush()
                    self.incoming.write(self.socket.recv(65536))
            self.flush()

        def flush(self):
            for byte in self.outgoing.read():
                self.socket.sendall(bytes([byte]))

        def read(self):
            got = self.socket.recv(65536)
            self.incoming.write(got)
            plain = b""
            try:
                while piece := self.tls.read(65536):
                    plain += piece
            except ssl.SSLWantReadError:
                pass
            self.closed = not got
            self.take_bytes(plain)

    fields = [
        (":method", "POST"),
        (":scheme", "https"),
        (":path", "/verdict.v1.DecisionService/Authorize"),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ]
    with Secured(secured.tcp) as peer:
        for _ in range(3):
            outcome = peer.request(fields, framed(REQUEST.SerializeToString()))
            assert outcome.grpc_status == 0
            answer = pb.AuthorizeResponse.FromString(outcome.data[5:])
            assert list(answer.effects) == [ALLOW]


# Clients that show certificates.


def test_a_good_certificate_is_let_in_and_none_is_not(mutual, authority):
    assert ask(mutual.tcp, authority, authority.issue("client", "client")) == [ALLOW]
    assert refused(mutual.tcp, authority) == UNAVAILABLE


@pytest.mark.parametrize("start, end", [(-9, -1), (1, 9)])
def test_a_certificate_out_of_its_time_is_refused(mutual, authority, start, end):
    identity = authority.issue("untimely", start=start, end=end)
    assert refused(mutual.tcp, authority, identity) == UNAVAILABLE
    reason = "expired" if end < 0 else "not yet valid"
    wait_until(
        lambda: logged(mutual, "connections failed under TLS", reason=reason), f"told as {reason}"
    )


def test_a_certificate_of_another_authority_is_refused(mutual, authority, stranger):
    assert refused(mutual.tcp, authority, stranger.issue("client")) == UNAVAILABLE


def test_a_certificate_can_be_optional_but_not_bad(tmp_path, control, authority, stranger):
    arguments = ["--tls-client-ca", authority.path, "--tls-client-optional"]
    arguments += ["--allow-caller", "uri:spiffe://acme/web"]
    web = authority.issue("web", uris=["spiffe://acme/web"])
    with serve(tmp_path, control, authority.server("optional"), *arguments) as sidecar:
        assert ask(sidecar.tcp, authority, web) == [ALLOW]
        assert refused(sidecar.tcp, authority) == DENIED
        assert refused(sidecar.tcp, authority, stranger.issue("client")) == UNAVAILABLE


# New certificates.


def peer_certificate(port):
    """The certificate that the server shows now."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
        with context.wrap_socket(plain) as secure:
            return ssl.DER_cert_to_PEM_cert(secure.getpeercert(binary_form=True)).encode()


def replace(live, identity):
    """Put another certificate and key where the server reads them, one after the other."""
    for source, target in (
        (identity.certificate_path, live.certificate_path),
        (identity.key_path, live.key_path),
    ):
        draft = target.with_suffix(".draft")
        shutil.copy(source, draft)
        draft.rename(target)


def test_new_certificates_are_taken_on_under_load_and_no_call_is_lost(tmp_path, control):
    authority = Authority(tmp_path / "authority")
    live = authority.server("live")
    others = [authority.server(f"other-{index}") for index in range(4)]
    faults, answered, done = [], [], threading.Event()

    def load(sidecar):
        credentials = grpc.ssl_channel_credentials(authority.pem)
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
        with grpc.secure_channel(sidecar.tcp, credentials, options=options) as channel:
            stub = rpc.DecisionServiceStub(channel)
            while not done.is_set():
                try:
                    assert list(stub.Authorize(REQUEST, timeout=10).effects) == [ALLOW]
                    answered.append(1)
                except Exception as error:
                    return faults.append(error)

    with serve(tmp_path / "run", control, live) as sidecar:
        threads = [threading.Thread(target=load, args=(sidecar,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for other in others:
            before = len(answered)
            replace(live, other)
            wait_until(
                lambda: peer_certificate(sidecar.port) == other.certificate, "the new certificate"
            )
            assert ask(sidecar.tcp, authority) == [ALLOW]
            wait_until(lambda: len(answered) > before, "calls go on")
        done.set()
        for thread in threads:
            thread.join()
        assert faults == []
        # All the while it was the same connections.
        assert logged(sidecar, "certificate loaded")


def test_a_broken_new_file_keeps_the_old_certificate_and_says_why(tmp_path, control):
    authority = Authority(tmp_path / "authority")
    live, other = authority.server("live"), authority.server("other")
    good_key = live.key_path.read_bytes()
    refusal = "certificate refused; the one before stays in use"
    with serve(tmp_path / "run", control, live) as sidecar:
        for content, reason in [
            (b"", "an empty file"),
            (b"no PEM\n", "no private key"),
            (other.key, "not the key of the certificate"),
        ]:
            live.key_path.write_bytes(content)
            wait_until(lambda: logged(sidecar, refusal, error=reason), f"told: {reason}")
            assert ask(sidecar.tcp, authority) == [ALLOW]
        live.key_path.unlink()
        wait_until(lambda: logged(sidecar, refusal, error="No such file"), "told: missing")
        assert ask(sidecar.tcp, authority) == [ALLOW]
        loaded = sum(record["message"] == "certificate loaded" for record in sidecar.records())
        live.key_path.write_bytes(good_key)
        wait_until(
            lambda: sum(r["message"] == "certificate loaded" for r in sidecar.records()) > loaded,
            "the mended files are taken on",
        )
        assert peer_certificate(sidecar.port) == live.certificate


def test_sighup_reads_the_certificates_again_and_ends_nothing(tmp_path, control, authority):
    with serve(tmp_path, control, authority.server("hup")) as sidecar:
        wait_until(lambda: logged(sidecar, "certificate loaded"), "the first is told")
        sidecar.process.send_signal(signal.SIGHUP)
        wait_until(
            lambda: sum(r["message"] == "certificate loaded" for r in sidecar.records()) == 2,
            "read again",
        )
        assert ask(sidecar.tcp, authority) == [ALLOW]


def test_a_new_client_authority_holds_for_the_next_connection(tmp_path, control, stranger):
    authority = Authority(tmp_path / "authority")
    live = authority.server("live")
    ours, theirs = authority.issue("ours"), stranger.issue("theirs")
    arguments = ["--tls-client-ca", authority.path]
    with serve(tmp_path / "run", control, live, *arguments) as sidecar:
        assert ask(sidecar.tcp, authority, ours) == [ALLOW]
        assert refused(sidecar.tcp, authority, theirs) == UNAVAILABLE
        pem = authority.pem
        authority.path.write_bytes(stranger.pem)

        def swapped():
            try:
                return ask(sidecar.tcp, authority, theirs) == [ALLOW]
            except grpc.RpcError:
                return False

        wait_until(swapped, "the other authority is believed")
        assert authority.pem == pem and refused(sidecar.tcp, authority, ours) == UNAVAILABLE


def test_one_that_never_shakes_hands_is_let_go_and_disturbs_nobody(secured, authority):
    def logged_at():
        reason = "shaking hands took too long"
        return logged(secured, "connections failed under TLS", reason=reason)

    assert ask(secured.tcp, authority) == [ALLOW]
    assert secured.silent.recv(1) == b""
    assert time.monotonic() - secured.silent_since > 9
    wait_until(logged_at, "the silent one is told")
    assert hits_since(secured.admin, secured.first_hits)["handshake_timeout"] == 1


def test_only_so_many_shake_hands_at_once_and_the_rest_is_let_go(tmp_path, control, authority):
    admin = tmp_path / "admin.sock"
    arguments = ["--admin", f"unix:{admin}"]
    identity = authority.server("crowd")
    with serve(tmp_path / "run", control, identity, *arguments, loops=1) as sidecar:
        with contextlib.ExitStack() as stack:
            crowd = [
                stack.enter_context(socket.create_connection(("127.0.0.1", sidecar.port), 20))
                for _ in range(1_030)
            ]
            for one in crowd[1_024:]:
                assert one.recv(1) == b""
            wait_until(lambda: limit_hits(admin)["half_open_connections"] == 6, "the limit's hits")
            # Those who have no handshake to make are served.
            with Client(sidecar.unix) as client:
                assert list(client.authorize(REQUEST).effects) == [ALLOW]
            refused(sidecar.tcp, authority)
        wait_until(lambda: answers(sidecar, authority), "there is room again")


def answers(sidecar, authority):
    try:
        return ask(sidecar.tcp, authority) == [ALLOW]
    except grpc.RpcError:
        return False


# What is wrong from the start.


def test_files_that_are_no_good_stop_the_start_with_a_clear_line(tmp_path, control, authority):
    good, other = authority.server("start"), authority.server("start-other")
    locked = tmp_path / "locked.key"
    subprocess.run(
        ["openssl", "pkcs8", "-topk8", "-in", good.key_path, "-out", locked, "-passout", "pass:x"],
        check=True,
    )
    for certificate, key, words in [
        (tmp_path / "none.pem", good.key_path, "No such file"),
        (good.certificate_path, other.key_path, "not the key of the certificate"),
        (good.key_path, good.key_path, "no certificate in PEM form"),
        (good.certificate_path, locked, "without a passphrase"),
    ]:
        done = verdict(
            *("serve", "--control", control, "--listen", "127.0.0.1:0"),
            *("--tls-certificate", certificate, "--tls-key", key),
            check=False,
        )
        assert done.returncode == 1 and words in done.stderr, done.stderr


def test_plaintext_for_other_machines_has_to_be_allowed(control, authority):
    for address in ("0.0.0.0:0", "[::]:0"):
        done = verdict("serve", "--control", control, "--listen", address, check=False)
        assert done.returncode == 1 and "--allow-plaintext" in done.stderr
    identity = authority.server("everywhere")
    for arguments in (
        ["--allow-plaintext"],
        ["--tls-certificate", identity.certificate_path, "--tls-key", identity.key_path],
    ):
        process = subprocess.Popen(
            [VERDICT, "serve", "--control", control, "--listen", "0.0.0.0:0", *arguments],
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert any('"listening"' in line for line in process.stderr)
        finally:
            process.terminate()
            process.communicate(timeout=20)


# The command line's client.


def test_verdict_check_speaks_tls(secured, mutual, authority, stranger):
    identity = authority.issue("cli", "cli")
    answer = verdict("check", "--server", secured.tcp, "--ca", authority.path, *CHECK)
    assert '"allow"' in answer.stdout
    shown = ["--cert", identity.certificate_path, "--key", identity.key_path]
    answer = verdict("check", "--server", mutual.tcp, "--ca", authority.path, *shown, *CHECK)
    assert '"allow"' in answer.stdout
    localhost = ["--server-name", "localhost"]
    verdict("check", "--server", secured.tcp, "--ca", authority.path, *localhost, *CHECK)
    for server, arguments, words in [
        (secured, ["--ca", stranger.path], "certificate"),
        (secured, ["--tls"], "certificate"),
        (secured, ["--ca", authority.path, "--server-name", "other"], "certificate"),
        (mutual, ["--ca", authority.path], "certificate required"),
        (secured, [], "closed the connection"),
    ]:
        done = verdict("check", "--server", server.tcp, *arguments, *CHECK, check=False)
        assert done.returncode == 1 and words in done.stderr, (arguments, done.stderr)


def test_verdict_explain_and_test_speak_tls_too(secured, authority):
    done = verdict(
        "explain", "--server", secured.tcp, "--ca", authority.path, *CHECK, check=False
    )
    assert done.returncode == 1 and "UNIMPLEMENTED" in done.stderr
    missing = verdict("check", "--ca", authority.path, "--policy", "x", *CHECK, check=False)
    assert missing.returncode == 64 and "--server" in missing.stderr
