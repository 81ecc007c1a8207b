"""Tokens over connections that a client's certificate authenticates, from the product as people start it (RFC 8705)."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from authserver.signing.keys import public_jwk
from tests import certificates
from tests.certificates import HEADER, Identity
from tests.relying_party import claims_of
from tests.servers import tls
from tests.servers.authserver import Instance, running

AUTHORITY = certificates.authority()
MINE = certificates.issued(AUTHORITY, "CN=machine,O=Acme")
ANOTHER = certificates.issued(AUTHORITY, "CN=another,O=Acme")
OWN, STRANGE = certificates.self_signed(), certificates.self_signed()
GRANT = "client_credentials"
CLIENTS: dict[str, dict[str, Any]] = {
    "issued": {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=machine,O=Acme"},
    "own": {
        "token_endpoint_auth_method": "self_signed_tls_client_auth",
        "jwks": {"keys": [public_jwk("ES256", OWN.key.public_key())]},
    },
}
BOUND = {"grant_types": [GRANT], "tls_client_certificate_bound_access_tokens": True}
CLIENT, PROXY = "127.0.0.1", "127.0.0.2"
"""Where connections come from: of the second the server believes what it says about certificates."""


@dataclass
class Connected:
    """The server, and what its clients need to talk to it."""

    instance: Instance
    certificate: tls.Certificate
    directory: Path

    def ask(
        self, client_id: str, identity: Identity | None, *, path: str = "token", origin: str = CLIENT, **form: str
    ) -> tuple[int, Any]:
        """The answer to a client; its certificate is that of the connection, or handed over by the proxy."""
        context = ssl.create_default_context(cafile=self.certificate.certfile)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if identity is not None and origin == CLIENT:
            context.load_cert_chain(*identity.save(self.directory, "client"))
        elif identity is not None:
            headers |= identity.headers
        body = urlencode({"client_id": client_id} | (form or {"grant_type": GRANT}))
        connection = HTTPSConnection(
            CLIENT, self.instance.port, timeout=30, source_address=(origin, 0), context=context
        )
        with closing(connection):
            connection.request("POST", f"/oauth2/{path}", body, headers)
            answer = connection.getresponse()
            return answer.status, json.load(answer)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connected]:
    """gunicorn ends TLS and asks for certificates; a proxy that ends TLS itself may talk to it too."""
    directory = tmp_path_factory.mktemp("mutual-tls")
    certificate, (authorities, _) = tls.certificate(directory), AUTHORITY.save(directory, "authority")
    values = {
        "AUTHSERVER_CLIENT_CERTIFICATE_CA": str(authorities),
        "AUTHSERVER_CLIENT_CERTIFICATE_HEADER": HEADER,
        "AUTHSERVER_TRUSTED_PROXIES": PROXY,
    }
    with running(directory, values, server="gunicorn", tls=certificate) as instance:
        for name, members in CLIENTS.items():
            wanted = directory / f"{name}.json"
            wanted.write_text(json.dumps({"client_name": name} | members | BOUND))
            instance.create("clients", "--id", name, "--metadata", str(wanted))
        yield Connected(instance, certificate, directory)


@pytest.mark.parametrize(("client_id", "identity", "origin"), [("issued", MINE, CLIENT), ("own", OWN, PROXY)])
def test_token_is_bound_to_the_certificate_of_the_connection(
    server: Connected, client_id: str, identity: Identity, origin: str
) -> None:
    status, answer = server.ask(client_id, identity, origin=origin)
    assert (status, answer["token_type"]) == (200, "Bearer"), answer
    bound = {"x5t#S256": identity.read.thumbprint}
    assert claims_of(answer["access_token"])["cnf"] == bound
    asked = server.ask(client_id, identity, path="introspect", origin=origin, token=answer["access_token"])
    assert (asked[0], asked[1]["active"], asked[1]["cnf"]) == (200, True, bound)


@pytest.mark.parametrize(
    ("client_id", "identity", "origin"),
    [
        ("issued", ANOTHER, CLIENT),
        ("issued", None, CLIENT),
        ("issued", STRANGE, PROXY),
        ("own", STRANGE, PROXY),
        ("own", MINE, CLIENT),
        ("own", None, PROXY),
    ],
)
def test_another_certificate_or_none_gets_no_token(
    server: Connected, client_id: str, identity: Identity | None, origin: str
) -> None:
    status, answer = server.ask(client_id, identity, origin=origin)
    assert (status, answer["error"]) == (401, "invalid_client")
    assert "access_token" not in answer


def test_certificate_that_no_authority_issued_ends_the_handshake(server: Connected) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - which one depends on who notices first
        server.ask("own", OWN)
