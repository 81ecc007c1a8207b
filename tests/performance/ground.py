"""What the measured server is given before it starts: clients, people, sessions, tokens."""

from __future__ import annotations

import base64
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import psycopg

from authserver import app
from authserver.crypto.handles import Kind
from authserver.protocol import validity
from authserver.protocol.identifiers import new_id
from authserver.protocol.policy import TOKEN_EXCHANGE
from authserver.settings import load
from authserver.tokens import access_tokens, jose
from tests.dpop import DPoPKey
from tests.installation import Installation
from tests.relying_party import Browser, RelyingParty, claims_of
from tests.signing import ClientKey

RESOURCE = "https://api.example"
SCOPES = frozenset({"openid", "profile", "email", "address", "phone", "offline_access"})
PEOPLE = 16
GRANTS = "authorization_code", "refresh_token"


@dataclass
class Ground:
    """Everything that requests are built from."""

    host: str
    basic: dict[str, str]
    sessions: list[dict[str, str]]
    refresh_tokens: list[str]
    verifier: str
    challenge: str
    active: list[str] = field(default_factory=list)
    carried: list[str] = field(default_factory=list)
    exchanged: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    bound: list[str] = field(default_factory=list)
    key: DPoPKey = field(default_factory=DPoPKey)
    signer: ClientKey = field(default_factory=ClientKey)


def prepare(environ: Mapping[str, str], *, people: int, tokens: int) -> Ground:
    """Fill the database that `environ` names; it has been initialised."""
    installation = Installation(app.mount(load(dict(environ))))
    try:
        return _Preparation(installation, people, tokens).ground()
    finally:
        installation.services.close()


class _Preparation:
    def __init__(self, installation: Installation, people: int, tokens: int) -> None:
        self.installation = installation
        self.people = people
        self.tokens = tokens
        self.signer = ClientKey("ES256")

    def ground(self) -> Ground:
        basic = self._clients()
        party = RelyingParty(self.installation, "app", self._secret)
        sessions, issued = self._sessions(party)
        issuer = self.installation.settings.issuer
        ground = Ground(
            host=issuer.removeprefix("http://"),
            basic=basic,
            sessions=sessions,
            refresh_tokens=[tokens["refresh_token"] for tokens in issued],
            verifier=party.verifier,
            challenge=party.challenge,
            signer=self.signer,
        )
        claims = [claims_of(tokens["access_token"]) for tokens in issued]
        ground.active = [self._minted(claims[index % len(claims)]) for index in range(self.tokens)]
        ground.carried = [self._minted(claims[index % len(claims)]) for index in range(self.tokens)]
        ground.exchanged = [self._minted(claims[index % len(claims)]) for index in range(self.tokens)]
        ground.revoked = [self._minted(claims[index % len(claims)]) for index in range(self.tokens)]
        cnf = {"cnf": {"jkt": ground.key.jkt}}
        ground.bound = [self._minted(claims[index % len(claims)] | cnf) for index in range(self.tokens)]
        self._revoke(ground.revoked)
        handles = self.installation.services.handles
        issued_elsewhere = (handles.issue(Kind.ACCESS_TOKEN).value for _ in range(self.tokens))
        ground.unknown = [value[:-2] + ("AA" if not value.endswith("AA") else "BB") for value in issued_elsewhere]
        return ground

    def _clients(self) -> dict[str, str]:
        """One client for each purpose; the Authorization header of each."""
        add, basic = self.installation.add_client, {}
        machine: dict[str, Any] = {"redirect_uris": (), "grant_types": ("client_credentials",)}
        gateway = add("gateway", **machine, scopes=frozenset())[1]
        self.installation.add_resource(RESOURCE, scopes=("orders",), introspected_by=("gateway",))
        machine |= {"scopes": frozenset({"orders"}), "resources": (RESOURCE,), "default_resource": RESOURCE}
        secrets = {
            "gateway": gateway,
            "machine-rs256": add("machine-rs256", **machine)[1],
            "machine-es256": add("machine-es256", **machine, policy={"access_token_alg": "ES256"})[1],
            "app": add("app", scopes=SCOPES, resources=(RESOURCE,), default_resource=RESOURCE)[1],
        }
        signing = {"token_endpoint_auth_method": "private_key_jwt", "jwks": self.signer.jwks}
        add("signer", **machine, **signing, policy={"access_token_alg": "ES256"})
        rule = {"name": "bench", "clients": ["app"], "targets": [RESOURCE]}
        machine |= {"grant_types": (TOKEN_EXCHANGE,), "policy": {"exchange": [rule]}}
        secrets["exchanger"] = add("exchanger", **machine)[1]
        self._secret = secrets["app"]
        for client_id, secret in secrets.items():
            basic[client_id] = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        return basic

    def _sessions(self, party: RelyingParty) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
        """People who have signed in and allowed everything, each with a browser of their own."""
        sessions, issued = [], []
        for index in range(self.people):
            self.installation.add_user(f"person{index}")
            browser = Browser(self.installation)
            response = party.sign_in(browser, f"person{index}", scope=" ".join(sorted(SCOPES)))
            issued.append(dict(party.redeem(response["code"]).json))
            sessions.append(dict(browser.cookies))
        return sessions, issued

    def _minted(self, claims: dict[str, Any]) -> str:
        """Another token of the same grant, as the mint would sign it."""
        keyring = self.installation.services.keyring
        moment = validity.timestamp()
        own = {"jti": new_id(), "iat": moment, "exp": moment + 3600}
        return jose.sign(claims | own, keyring.active("RS256"), access_tokens.TYPE)

    def _revoke(self, tokens: list[str]) -> None:
        with self.installation.unit() as unit:
            for token in tokens:
                unit.revoked_tokens.add(claims_of(token)["jti"], validity.after(3600))


def events(environ: Mapping[str, str]) -> Counter[str]:
    """How often each event is recorded: in the audit log, on its way there, or in the spool. Each id counts once."""
    settings = load(dict(environ))
    found: dict[str, str] = {}
    for path in Path(settings.instance_dir).rglob("*.spool"):
        for line in path.read_bytes().splitlines():
            entry = orjson.loads(line)
            found[entry[0]] = entry[1]["type"]
    url = settings.database_url
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            found.update(_recorded(connection.execute))
    else:
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            found.update(_recorded(connection.execute))
    return Counter(found.values())


def _recorded(execute: Any) -> dict[str, str]:
    waiting = {row[0]: orjson.loads(row[1])["type"] for row in execute("SELECT event_id, record FROM outbox_events")}
    taken = dict(execute("SELECT event_id, type FROM audit_log").fetchall())
    return waiting | taken
