"""The outgoing HTTP client: what it refuses before connecting, and what it survives afterwards."""

from __future__ import annotations

import datetime
import gzip
import ipaddress
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from authserver.events import destinations
from authserver.events.breaker import FAILURES
from authserver.events.outbound import Outbound, OutboundFailed, OutboundRefused
from authserver.telemetry import context

PUBLIC = "93.184.216.34"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\nX-A: 2\r\n\r\nok"


class Server:
    """Answers every connection with the same bytes and remembers what it was sent."""

    def __init__(self, answer: bytes | Callable[[socket.socket], None], tls: ssl.SSLContext | None) -> None:
        self.requests: list[bytes] = []
        self.names: list[str | None] = []
        self._answer, self._tls = answer, tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        if tls is not None:
            tls.sni_callback = lambda _sock, name, _context: self.names.append(name)
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(plain,), daemon=True).start()

    def _talk(self, plain: socket.socket) -> None:
        with plain:
            try:
                with self._tls.wrap_socket(plain, server_side=True) if self._tls else plain as sock:
                    self.requests.append(received(sock))
                    sock.sendall(self._answer) if isinstance(self._answer, bytes) else self._answer(sock)
            except OSError:
                return


def received(sock: socket.socket) -> bytes:
    """A whole request."""
    data = sock.recv(65_536)
    while b"Content-Length: 3" in data and not data.endswith(b"\r\n\r\na=b"):
        data += sock.recv(65_536)
    return data


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for idp.test that is its own authority, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idp.test")])
    now = datetime.datetime.now(datetime.UTC)
    alternatives = [x509.DNSName("idp.test"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "idp.pem"
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def serve(certificate: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(answer: bytes | Callable[[socket.socket], None] = OK, *, tls: bool = False) -> Server:
        server_context = None
        if tls:
            server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server_context.load_cert_chain(certificate)
        servers.append(Server(answer, server_context))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def outbound(make_settings: Callable[..., Any]) -> Callable[..., Outbound]:
    """An outbound client; names resolve to `addresses`."""

    def make(*addresses: str, allow: tuple[str, ...] = (), **overrides: Any) -> Outbound:
        resolver = overrides.pop("resolver", lambda _host, _port: list(addresses))
        settings = make_settings(outbound_allow=allow, **overrides)
        return Outbound(settings, resolver=resolver)

    return make


@contextmanager
def refused(reason: str, kind: type[OutboundRefused] = OutboundRefused) -> Iterator[None]:
    with pytest.raises(kind) as caught:
        yield
    assert caught.value.reason == reason


# --- refused before anything is sent ------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]", "[64:ff9b::7f00:1]", "[fd00::1]"]
)
def test_private_addresses_are_refused(host: str, outbound: Callable[..., Outbound]) -> None:
    with refused("address_not_public"):
        outbound().get(f"https://{host}/")


@pytest.mark.parametrize("address", ["127.0.0.1", "192.168.1.1", "::1", "::ffff:169.254.169.254", "2002:7f00:1::"])
def test_names_that_lead_to_private_addresses_are_refused(address: str, outbound: Callable[..., Outbound]) -> None:
    with refused("address_not_public"):
        outbound(address).get("https://innocent.example/")


def test_one_private_address_among_public_ones_condemns_the_name(outbound: Callable[..., Outbound]) -> None:
    with refused("address_not_public"):
        outbound(PUBLIC, "127.0.0.1").get("https://innocent.example/")


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "１２７.０.０.１", "ex%61mple.com"])
def test_disguised_hosts_are_refused(host: str, outbound: Callable[..., Outbound]) -> None:
    with pytest.raises(OutboundRefused) as caught:
        outbound("127.0.0.1").get(f"https://{host}/")
    assert caught.value.reason in {"host_malformed", "url_malformed"}


@pytest.mark.parametrize("scheme", ["http", "ftp", "file", "gopher", "HTTP", "jar", "data"])
def test_only_https_leaves(scheme: str, outbound: Callable[..., Outbound]) -> None:
    with refused("scheme_not_allowed"):
        outbound(PUBLIC).get(f"{scheme}://host.example/")


@pytest.mark.parametrize(
    "url", ["https://user@host.example/", "https://user:pass@host.example/", "https://@host.example/"]
)
def test_credentials_in_a_url_are_refused(url: str, outbound: Callable[..., Outbound]) -> None:
    with refused("credentials_in_url"):
        outbound(PUBLIC).get(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://host.example/a b",
        "https://host.example/\r\nX: y",
        "https://host.example\\@10.0.0.1/",
        "https://host.example/é",
        "https://host.example:0/",
        "https://host.example:99999/",
        "https://[::1/",
        "https://host.example/" + "a" * 9000,
    ],
)
def test_malformed_urls_are_refused(url: str, outbound: Callable[..., Outbound]) -> None:
    with refused("url_malformed"):
        outbound(PUBLIC).get(url)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "1\r\nX-B: 2"),
        ("X-A", "1\n"),
        ("X-A", "\0"),
        ("X-A", "é"),
        ("X A", "1"),
        ("X:", "1"),
        ("", "1"),
        ("Host", "a"),
    ],
)
def test_headers_that_would_inject_are_refused(name: str, value: str, outbound: Callable[..., Outbound]) -> None:
    with refused("header_not_allowed"):
        outbound(PUBLIC).get("https://host.example/", headers={name: value})


def test_an_allowed_host_is_reached_on_its_port_alone(
    serve: Callable[..., Server], outbound: Callable[..., Outbound]
) -> None:
    one, other = serve(), serve()
    client = outbound("127.0.0.1", allow=(f"idp.test:{one.port}",))
    assert client.get(f"http://idp.test:{one.port}/").status == 200
    with refused("scheme_not_allowed"):
        client.get(f"http://idp.test:{other.port}/")
    with refused("address_not_public"):
        client.get(f"https://idp.test:{other.port}/")


def test_an_allowed_network_is_reached(serve: Callable[..., Server], outbound: Callable[..., Outbound]) -> None:
    server = serve()
    assert outbound("127.0.0.1", allow=("127.0.0.0/8",)).get(f"http://idp.test:{server.port}/").body == b"ok"
    with refused("scheme_not_allowed"):
        outbound(PUBLIC, allow=("127.0.0.0/8",)).get("http://host.example/")


# --- the address that was judged is the address that is used ------------------------------------


def test_a_rebinding_name_is_looked_up_once_and_pinned(
    outbound: Callable[..., Outbound], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    connected: list[str] = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(destinations.socket, "create_connection", connect)
    with refused("broken_off", OutboundFailed):
        outbound(resolver=lambda _host, _port: next(answers)).get("https://rebinding.example/")
    assert connected == [PUBLIC]


def test_the_certificate_is_checked_against_the_name(
    serve: Callable[..., Server], outbound: Callable[..., Outbound], certificate: Path
) -> None:
    server = serve(tls=True)
    allow = (f"idp.test:{server.port}", f"other.test:{server.port}")
    client = outbound("127.0.0.1", allow=allow, outbound_ca_bundle=certificate)
    assert client.get(f"https://idp.test:{server.port}/").status == 200
    assert server.names == ["idp.test"]
    assert f"Host: idp.test:{server.port}\r\n".encode() in server.requests[0]
    with refused("tls_failed", OutboundFailed):
        client.get(f"https://other.test:{server.port}/")


def test_an_unknown_authority_is_refused(serve: Callable[..., Server], outbound: Callable[..., Outbound]) -> None:
    server = serve(tls=True)
    with refused("tls_failed", OutboundFailed):
        outbound("127.0.0.1", allow=(f"idp.test:{server.port}",)).get(f"https://idp.test:{server.port}/")


def test_the_next_address_is_tried_when_one_does_not_answer(
    serve: Callable[..., Server], outbound: Callable[..., Outbound]
) -> None:
    server = serve()
    client = outbound("127.0.0.2", "127.0.0.1", allow=(f"idp.test:{server.port}",))
    assert client.get(f"http://idp.test:{server.port}/").status == 200


# --- answers ------------------------------------------------------------------------------------


@pytest.fixture
def ask(serve: Callable[..., Server], outbound: Callable[..., Outbound]) -> Callable[..., Any]:
    """Asks a server that gives this answer."""

    def get(answer: bytes | Callable[[socket.socket], None], **overrides: Any) -> Any:
        server = serve(answer)
        client = outbound("127.0.0.1", allow=(f"idp.test:{server.port}",), **overrides)
        return client.get(f"http://idp.test:{server.port}/path?query=1")

    return get


def plain(body: bytes, *headers: bytes) -> bytes:
    lines = (b"HTTP/1.1 200 OK", *headers, b"Content-Length: %d" % len(body), b"", b"")
    return b"\r\n".join(lines) + body


def test_an_answer_has_status_headers_and_body(ask: Callable[..., Any]) -> None:
    answer = ask(OK)
    assert (answer.status, answer.headers["x-a"], answer.body) == (200, "1, 2", b"ok")


def test_chunked_answers_are_put_together(ask: Callable[..., Any]) -> None:
    assert ask(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n").body == b"abc"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_answers_and_not_followed(status: int, ask: Callable[..., Any]) -> None:
    answer = ask(b"HTTP/1.1 %d Go\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n" % status)
    assert (answer.status, answer.headers["location"]) == (status, "http://169.254.169.254/")


def test_a_body_beyond_the_limit_is_refused(ask: Callable[..., Any]) -> None:
    assert len(ask(plain(b"x" * 2048), outbound_max_bytes=2048).body) == 2048
    with refused("too_large"):
        ask(plain(b"x" * 2049), outbound_max_bytes=2048)


def test_a_body_without_a_length_is_cut_off_at_the_limit(ask: Callable[..., Any]) -> None:
    with refused("too_large"):
        ask(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000, outbound_max_bytes=2048)


def test_a_chunked_body_is_cut_off_at_the_limit(ask: Callable[..., Any]) -> None:
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
    with refused("too_large"):
        ask(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 100, outbound_max_bytes=2048)


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress], ids=["gzip", "deflate"])
def test_packed_bodies_are_unpacked_within_the_limit(pack: Callable[[bytes], bytes], ask: Callable[..., Any]) -> None:
    encoding = b"Content-Encoding: " + (b"gzip" if pack is gzip.compress else b"deflate")
    assert ask(plain(pack(b"x" * 2000), encoding), outbound_max_bytes=2048).body == b"x" * 2000
    with refused("too_large"):
        ask(plain(pack(b"x" * 5_000_000), encoding), outbound_max_bytes=65_536)


def test_unknown_packings_are_refused(ask: Callable[..., Any]) -> None:
    with refused("encoding_not_allowed"):
        ask(plain(b"x", b"Content-Encoding: br"))


def test_endless_headers_are_refused(ask: Callable[..., Any]) -> None:
    with pytest.raises(OutboundRefused):
        ask(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(50_000)) + b"\r\n")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        plain(b"no", b"Content-Encoding: gzip"),
    ],
    ids=["nothing", "nonsense", "truncated", "not packed"],
)
def test_broken_answers_fail(answer: bytes, ask: Callable[..., Any]) -> None:
    with refused("broken_off", OutboundFailed):
        ask(answer)


def test_a_truncated_packed_body_fails(ask: Callable[..., Any]) -> None:
    with refused("broken_off", OutboundFailed):
        ask(plain(gzip.compress(b"x" * 500)[:-9], b"Content-Encoding: gzip"))


def drip(head: bytes) -> Callable[[socket.socket], None]:
    """Sends one byte at a time: each within any timeout between bytes, all of them never."""

    def send(sock: socket.socket) -> None:
        sock.sendall(head)
        for _ in range(400):
            threading.Event().wait(0.02)
            sock.sendall(b"x")

    return send


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_an_answer_that_drips_ends_at_the_deadline(head: bytes, ask: Callable[..., Any]) -> None:
    with refused("timed_out", OutboundFailed):
        ask(drip(head), outbound_timeout=0.3)


def test_a_silent_tls_handshake_ends_at_the_deadline(outbound: Callable[..., Outbound]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        client = outbound("127.0.0.1", allow=(f"idp.test:{port}",), outbound_timeout=0.2)
        with refused("timed_out", OutboundFailed):
            client.get(f"https://idp.test:{port}/")


def test_a_slow_resolver_ends_at_the_deadline(outbound: Callable[..., Outbound]) -> None:
    waiting = threading.Event()
    client = outbound(resolver=lambda _host, _port: waiting.wait(5) and [], outbound_timeout=0.2)
    with refused("resolver_too_slow", OutboundFailed):
        client.get("https://host.example/")
    waiting.set()


def test_a_name_that_is_unknown_fails(outbound: Callable[..., Outbound]) -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with refused("name_not_found", OutboundFailed):
        outbound(resolver=unknown).get("https://host.example/")
    with refused("name_not_found", OutboundFailed):
        outbound().get("https://host.example/")


def test_a_dead_host_is_left_alone_for_a_while(outbound: Callable[..., Outbound]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = outbound("127.0.0.1", allow=(f"idp.test:{port}",))
    for _ in range(FAILURES):
        with refused("broken_off", OutboundFailed):
            client.get(f"http://idp.test:{port}/")
    with refused("circuit_open", OutboundFailed):
        client.get(f"http://idp.test:{port}/")


def test_a_post_sends_its_body_and_the_correlation_id(
    serve: Callable[..., Server], outbound: Callable[..., Outbound]
) -> None:
    server = serve()
    client = outbound("127.0.0.1", allow=(f"idp.test:{server.port}",))
    with context.bind(context.RequestContext("corr-9")):
        client.post(f"http://idp.test:{server.port}/in?a=1", b"a=b", content_type="text/plain", headers={"X-B": "c"})
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /in?a=1 HTTP/1.1"
    assert body == b"a=b"
    expected = {
        b"X-Request-ID: corr-9",
        b"X-B: c",
        b"Content-Type: text/plain",
        b"Content-Length: 3",
        b"Connection: close",
    }
    assert expected <= set(lines)
