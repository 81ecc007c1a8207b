"""Delivery mode ping (CIBA Core §10.2), after `fapi-ciba-id1` and its `-ping-*` modules; and the API of approvals."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from authserver.clients.backchannel_notifications import MAX_ATTEMPTS
from authserver.clients.directory import ClientDirectory
from authserver.ops.jobs import backchannel_notifications
from tests.ciba import Background, decide, install_background
from tests.installation import Answer, Installation
from tests.relying_party import Browser, RelyingParty
from tests.rich_requests import PAYMENT, SAID, install_types

TOKEN = "8d67dc78-7faa-4d41-aabd-67707b374255"


@dataclass
class Bell:
    """A notification endpoint that remembers what it was sent. `status` is what it answers; at 0 it hangs up."""

    address: str = ""
    status: int = 204
    rung: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)


@pytest.fixture
def bell() -> Iterator[Bell]:
    """A client's notification endpoint on loopback."""
    known = Bell()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            known.rung.append(
                (self.path, {name.lower(): value for name, value in self.headers.items()}, json.loads(body))
            )
            if not known.status:
                return
            self.send_response(known.status)
            self.send_header("Location", f"{known.address}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    known.address = f"http://127.0.0.1:{server.server_address[1]}"
    yield known
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def server(make_server: Callable[..., Installation]) -> Installation:
    """A server that may call loopback."""
    made = make_server(outbound_allow=("127.0.0.1",))
    made.add_user()
    return made


@pytest.fixture
def bank(server: Installation, bell: Bell, monkeypatch: pytest.MonkeyPatch) -> Background:
    """A client in ping mode; registration wants https, which the bell has not."""
    client = install_background(server, mode="ping", notification_endpoint="https://bank.example/ciba")
    found = ClientDirectory.find

    def find(self: ClientDirectory, client_id: str) -> Any:
        known = found(self, client_id)
        if known is not None:
            object.__setattr__(known.extensions, "backchannel_client_notification_endpoint", f"{bell.address}/ciba")
        return known

    monkeypatch.setattr(ClientDirectory, "find", find)
    return client


def ring(server: Installation) -> int:
    """What the worker does."""
    return backchannel_notifications(server.settings, server.services.database).step()


@pytest.mark.parametrize("action", ["allow", "deny"])
def test_the_client_is_told_of_a_decision_and_nothing_else(bank: Background, bell: Bell, action: str) -> None:
    server = bank.installation
    bank.start(client_notification_token=TOKEN)
    assert ring(server) == 0
    decide(server, action)
    assert ring(server) == 1
    ((path, headers, body),) = bell.rung
    assert path == "/ciba"
    assert body == {"auth_req_id": bank.auth_req_id}
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert headers["content-type"] == "application/json"
    assert bank.poll().status == (200 if action == "allow" else 400)


@pytest.mark.parametrize("status", [200, 204, 301, 401, 403])
def test_an_answer_is_final_and_a_redirect_is_not_followed(bank: Background, bell: Bell, status: int) -> None:
    bell.status = status
    bank.start(client_notification_token=TOKEN)
    decide(bank.installation)
    ring(bank.installation)
    assert ring(bank.installation) == 0
    assert [path for path, _, _ in bell.rung] == ["/ciba"]
    with bank.installation.reading() as unit:
        (row,) = unit.session.connection().exec_driver_sql("SELECT notify_at FROM backchannel_requests").fetchall()
    assert row[0] is None


@pytest.mark.parametrize("status", [503, 0], ids=["unavailable", "hung up"])
def test_a_client_that_fails_is_told_again(bank: Background, bell: Bell, status: int) -> None:
    bell.status = status
    bank.start(client_notification_token=TOKEN)
    decide(bank.installation)
    ring(bank.installation)
    with bank.installation.unit() as unit:
        unit.session.connection().exec_driver_sql("UPDATE backchannel_requests SET notify_at = created_at")
    assert ring(bank.installation) == 1
    assert len(bell.rung) == 2


def test_a_client_that_never_answers_well_is_given_up(bank: Background, bell: Bell) -> None:
    bell.status = 500
    bank.start(client_notification_token=TOKEN)
    decide(bank.installation)
    for _ in range(MAX_ATTEMPTS + 2):
        ring(bank.installation)
        with bank.installation.unit() as unit:
            due = "UPDATE backchannel_requests SET notify_at = created_at WHERE notify_at IS NOT NULL"
            unit.session.connection().exec_driver_sql(due)
    assert len(bell.rung) == MAX_ATTEMPTS
    assert bank.poll().status == 200


def test_a_client_that_was_disabled_is_not_told(bank: Background, bell: Bell) -> None:
    bank.start(client_notification_token=TOKEN)
    decide(bank.installation)
    bank.installation.registration.disable("bank")
    assert ring(bank.installation) == 1
    assert bell.rung == []


@pytest.mark.parametrize("token", [None, "two words", "é", "x" * 1025])
def test_a_notification_token_is_a_bearer_token(bank: Background, token: str | None) -> None:
    got = bank.ask(client_notification_token=token)
    assert (got.status, got.json["error"]) == (400, "invalid_request")


def test_the_notification_token_is_sealed_at_rest(bank: Background) -> None:
    bank.start(client_notification_token=TOKEN)
    with bank.installation.reading() as unit:
        rows = unit.session.connection().exec_driver_sql("SELECT * FROM backchannel_requests").fetchall()
    assert TOKEN not in str(rows)
    assert bank.auth_req_id not in str(rows)


def test_in_poll_mode_nobody_is_told(server: Installation) -> None:
    bank = install_background(server)
    bank.start(client_notification_token=TOKEN)
    decide(server)
    assert ring(server) == 0


# --- the API of approvals ---------------------------------------------------------------------


@dataclass
class Program:
    """A program that answers for whoever gave it a token."""

    installation: Installation
    token: str

    def list(self) -> Answer:
        """What waits."""
        return self.installation.get("/api/v1/approvals", headers={"Authorization": f"Bearer {self.token}"})

    def decide(self, body: Any) -> Answer:
        """POST a decision."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.installation.request("POST", "/api/v1/approvals", body=content, headers=headers)


def program(server: Installation, name: str = "alice", scope: str = "openid approvals") -> Program:
    """A program with a token of this person for the API."""
    resource = f"{server.settings.issuer}/api/v1"
    if resource not in server.services.catalog.current().resources:
        server.add_resource(resource, scopes=("approvals",))
    with server.reading() as unit:
        known = unit.clients.find("program")
    values: dict[str, Any] = {"scopes": frozenset({"openid", "approvals", "offline_access"}), "resources": (resource,)}
    client = server.add_client("program" if known is None else f"program-{name}", **values)
    party = RelyingParty(server, *client)
    code = party.sign_in(Browser(server), name, scope=scope, resource=resource)["code"]
    return Program(server, party.redeem(code).json["access_token"])


@pytest.fixture
def poller(server: Installation) -> Background:
    """A client in poll mode."""
    return install_background(server)


def test_a_program_sees_what_waits_for_its_person(poller: Background) -> None:
    asked = program(poller.installation)
    assert asked.list().json == {"approvals": []}
    poller.start(scope="openid email", binding_message="1234")
    (one,) = asked.list().json["approvals"]
    assert (one["client_id"], one["client_name"], one["binding_message"]) == ("bank", "Acme Bank", "1234")
    assert one["scope"] == "email openid"
    assert "auth_req_id" not in one


def test_a_program_sees_what_is_asked_for_in_detail(server: Installation) -> None:
    install_types(server)
    install_background(server, details=("payment",)).start(authorization_details=json.dumps([PAYMENT]))
    (one,) = program(server).list().json["approvals"]
    assert one["authorization_details"] == [PAYMENT]
    assert one["details"] == [{"name": "Payment", "words": SAID, "members": {"note": "rent, May"}}]


@pytest.mark.parametrize("by", ["id", "auth_req_id"])
def test_a_program_allows_and_denies(poller: Background, by: str) -> None:
    asked = program(poller.installation)
    for decision, status in (("allow", 200), ("deny", 400)):
        poller.start()
        value = poller.auth_req_id if by == "auth_req_id" else asked.list().json["approvals"][0]["id"]
        answered = asked.decide({by: value, "decision": decision})
        assert (answered.status, answered.json["decision"]) == (200, decision)
        assert poller.poll().status == status
        assert asked.decide({by: value, "decision": decision}).status == 404


def test_a_program_answers_for_nobody_else(poller: Background) -> None:
    server = poller.installation
    server.add_user("bob")
    poller.start()
    refused = program(server, "bob").decide({"auth_req_id": poller.auth_req_id, "decision": "allow"})
    assert refused.status == 404
    assert refused.json.keys() == {"statusCode", "message", "error", "code", "correlationId"}
    assert poller.poll().json["error"] == "authorization_pending"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"[]", "body"),
        ({"decision": "allow"}, "id"),
        ({"id": "x", "auth_req_id": "x", "decision": "allow"}, "id"),
        ({"id": 1, "decision": "allow"}, "id"),
        ({"id": "", "decision": "allow"}, "id"),
        ({"id": "a\0b", "decision": "allow"}, "id"),
        ({"id": "x", "decision": "maybe"}, "decision"),
    ],
)
def test_a_body_that_makes_no_sense_is_a_bad_request(server: Installation, body: Any, field: str) -> None:
    refused = program(server).decide(body)
    assert (refused.status, refused.json["statusCode"], refused.json["error"]) == (400, 400, "Bad Request")
    assert refused.json["details"][0]["field"] == field


def test_the_api_takes_no_token_of_another_resource_or_scope(server: Installation, poller: Background) -> None:
    party = RelyingParty(server, *server.add_client())
    assert Program(server, party.tokens()["access_token"]).list().status == 401
    assert server.get("/api/v1/approvals").status == 401
    assert Program(server, "x").list().status == 401


def test_the_api_takes_the_scope_that_it_is_for(server: Installation, poller: Background) -> None:
    refused = program(server, scope="openid").list()
    assert (refused.status, 'error="insufficient_scope"' in (refused.header("WWW-Authenticate") or "")) == (403, True)


def test_an_answer_takes_a_person(poller: Background) -> None:
    server = poller.installation
    resource = server.add_resource(f"{server.settings.issuer}/api/v1", scopes=("approvals",))
    chosen: dict[str, Any] = {"scopes": frozenset({"approvals"}), "resources": (resource,), "redirect_uris": ()}
    machine = RelyingParty(server, *server.add_client("machine", grant_types=("client_credentials",), **chosen))
    token = machine.token_request(grant_type="client_credentials", resource=resource).json["access_token"]
    poller.start()
    refused = Program(server, token).decide({"auth_req_id": poller.auth_req_id, "decision": "allow"})
    assert (refused.status, Program(server, token).list().status) == (403, 403)
    assert poller.poll().json["error"] == "authorization_pending"


def test_nobody_answers_a_client_that_was_disabled(poller: Background) -> None:
    server = poller.installation
    asked = program(server)
    poller.start()
    server.registration.disable("bank")
    server.services.clients.forget()
    for decision in ("allow", "deny"):
        assert asked.decide({"auth_req_id": poller.auth_req_id, "decision": decision}).status == 404


def test_nobody_answers_or_sees_a_client_that_may_not_ask_any_more(poller: Background) -> None:
    server = poller.installation
    asked = program(server)
    poller.start()
    server.registration.update("bank", {"grant_types": ("client_credentials",), "scopes": frozenset({"email"})})
    server.services.clients.forget()
    assert asked.list().json == {"approvals": []}
    assert asked.decide({"auth_req_id": poller.auth_req_id, "decision": "allow"}).status == 404


def test_an_answer_takes_an_open_session(poller: Background) -> None:
    server = poller.installation
    asked = program(server, scope="openid approvals offline_access")
    poller.start()
    with server.unit() as unit:
        unit.session.connection().exec_driver_sql("UPDATE sessions SET last_seen_at = '2001-01-01 00:00:00'")
    refused = asked.decide({"auth_req_id": poller.auth_req_id, "decision": "allow"})
    assert refused.status == 403
    assert poller.poll().json["error"] == "authorization_pending"
