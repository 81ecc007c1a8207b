"""The Model Context Protocol's own client and server package, against this server: one command sets it up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import jwt
import pytest
import uvicorn
from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from tests.integration.person import Person, add_person
from tests.publisher import Publisher, publishing
from tests.servers.authserver import Instance, running
from tests.servers.process import free_port

CALLBACK = "http://127.0.0.1:9/callback"
SCOPE = "notes.read"
DOCUMENT = "/mcp/client.json"


@dataclass
class Ground:
    """An authorization server and the MCP server that trusts it."""

    instance: Instance
    resource: str
    publisher: Publisher


@dataclass
class Storage:
    """What an MCP client keeps."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@dataclass
class Verifier:
    """Verifies access tokens as any resource server does: by the key set, for its own audience."""

    issuer: str
    resource: str

    async def verify_token(self, token: str) -> AccessToken | None:
        keys = jwt.PyJWKClient(f"{self.issuer}/.well-known/jwks.json")
        key = await asyncio.to_thread(keys.get_signing_key_from_jwt, token)
        claims = jwt.decode(token, key, algorithms=["RS256"], audience=self.resource, issuer=self.issuer)
        return AccessToken(
            token=token, client_id=claims["client_id"], scopes=claims["scope"].split(), resource=self.resource
        )


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Both servers. Of set-up there is one command, the one that registers the resource."""
    port = free_port()
    resource = f"http://127.0.0.1:{port}/mcp"
    with publishing(tmp_path_factory.mktemp("publisher")) as publisher:
        values = {
            "AUTHSERVER_REGISTRATION": "open",
            "AUTHSERVER_REGISTRATION_PROFILE": "mcp",
            "AUTHSERVER_CLIENT_ID_METADATA_DOCUMENTS": "on",
            "AUTHSERVER_OUTBOUND_ALLOW": f"localhost:{publisher.port}",
            "AUTHSERVER_OUTBOUND_CA_BUNDLE": str(publisher.certfile),
        }
        with running(tmp_path_factory.mktemp("server"), values) as instance:
            add_person(instance)
            instance.create("resources", "--id", resource, "--name", "Notes", "--scope", SCOPE, "--dynamic-clients")
            with mcp_server(instance.issuer, resource, port):
                yield Ground(instance, resource, publisher)


class mcp_server:  # noqa: N801 - a context manager
    """An MCP server with one tool, guarded by access tokens of `issuer`."""

    def __init__(self, issuer: str, resource: str, port: int) -> None:
        settings: Any = {"issuer_url": issuer, "resource_server_url": resource}
        auth = AuthSettings(**settings, required_scopes=[SCOPE], validate_token_resource=True)
        server = MCPServer("Notes", token_verifier=Verifier(issuer, resource), auth=auth)

        @server.tool()
        def read_note() -> str:
            """Read the note."""
            return "buy milk"

        config = uvicorn.Config(server.streamable_http_app(), port=port, log_level="warning", ws="none")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()


@dataclass
class MCPClient:
    """The package's client, with a person at the browser."""

    ground: Ground
    metadata_url: str | None = None
    storage: Storage = field(default_factory=Storage)
    visited: str = ""
    answered: str = ""

    async def _open(self, url: str) -> None:
        self.visited = url
        self.answered = await asyncio.to_thread(Person(self.ground.instance.issuer).sign_in, url)

    async def _answer(self) -> AuthorizationCodeResult:
        values = {name: found[0] for name, found in parse_qs(urlsplit(self.answered).query).items()}
        return AuthorizationCodeResult(code=values["code"], state=values["state"], iss=values["iss"])

    def call(self) -> str:
        """Call the tool; what it said.

        In a thread of its own: Playwright keeps a loop running in the thread of the tests.
        """
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, self._call()).result()

    async def _call(self) -> str:
        wanted: Any = {"redirect_uris": [CALLBACK], "client_name": "Assistant"}
        metadata = OAuthClientMetadata(**wanted, grant_types=["authorization_code", "refresh_token"])
        auth = OAuthClientProvider(
            self.ground.resource,
            metadata,
            self.storage,
            self._open,
            self._answer,
            client_metadata_url=self.metadata_url,
        )
        async with (
            httpx2.AsyncClient(auth=auth, timeout=60) as http,
            streamable_http_client(self.ground.resource, http_client=http) as streams,
            ClientSession(streams[0], streams[1]) as session,
        ):
            await session.initialize()
            result: Any = await session.call_tool("read_note", {})
            return str(result.content[0].text)


def test_a_client_discovers_registers_authorizes_and_calls(ground: Ground) -> None:
    client = MCPClient(ground)
    assert client.call() == "buy milk"
    asked = parse_qs(urlsplit(client.visited).query)
    assert (asked["code_challenge_method"], asked["resource"]) == (["S256"], [ground.resource])
    assert client.storage.client is not None
    assert client.storage.client.client_id in ground.instance.command("clients", "list")
    assert client.storage.tokens is not None
    assert client.storage.tokens.refresh_token


def test_a_client_with_a_metadata_document_registers_nowhere(ground: Ground) -> None:
    url = ground.publisher.url(DOCUMENT)
    document = {"client_id": url, "client_name": "Assistant", "redirect_uris": [CALLBACK]}
    ground.publisher.publish(DOCUMENT, document | {"grant_types": ["authorization_code", "refresh_token"]})
    client = MCPClient(ground, metadata_url=url)
    assert client.call() == "buy milk"
    assert parse_qs(urlsplit(client.visited).query)["client_id"] == [url]
    assert DOCUMENT in ground.publisher.asked
