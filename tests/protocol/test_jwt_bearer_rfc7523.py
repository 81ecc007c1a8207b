"""An assertion of a trusted issuer stands for a person (RFC 7523 §2.1)."""

from __future__ import annotations

from typing import Any

import pytest

from authserver.access.assertion_issuers import IssuerRegistration
from authserver.signing.keys import generate
from tests.installation import Answer, Installation
from tests.moments import resolved, seconds
from tests.outbox import recorded
from tests.relying_party import RelyingParty, claims_of
from tests.threads import at_once
from tests.upstream import GRANT, UPSTREAM, Upstream, present

API = "https://api.example"


@pytest.fixture
def upstream(server: Installation) -> Upstream:
    """The other identity provider, not trusted yet."""
    return Upstream(server)


@pytest.fixture
def service(server: Installation, upstream: Upstream) -> RelyingParty:
    """A service that may present assertions about people."""
    server.add_user()
    server.add_resource(API, scopes=("read", "write"))
    return _service(server)


def _service(server: Installation, client_id: str = "service", **values: Any) -> RelyingParty:
    chosen: dict[str, Any] = {
        "redirect_uris": (),
        "grant_types": (GRANT,),
        "scopes": frozenset({"openid", "read"}),
        "resources": (API,),
        "default_resource": API,
    }
    return RelyingParty(server, *server.add_client(client_id, **(chosen | values)))


def alice(server: Installation) -> str:
    return str(server.users["alice"].id)


def assert_refused(server: Installation, answer: Answer, reason: str, error: str = "invalid_grant") -> None:
    assert (answer.status, answer.json["error"], server.why(answer)) == (400, error, reason), answer.text
    assert "access_token" not in answer.json


def test_an_assertion_yields_a_token_about_the_person(
    server: Installation, upstream: Upstream, service: RelyingParty
) -> None:
    upstream.trust("service")
    answer = present(service, upstream.assertion(alice(server)), scope="read")
    assert (answer.status, answer.json["scope"]) == (200, "read")
    assert not answer.json.keys() & {"refresh_token", "id_token"}
    claims = claims_of(answer.json["access_token"])
    assert (claims["sub"], claims["client_id"], claims["aud"]) == (alice(server), "service", API)
    assert not claims.keys() & {"sid", "auth_time", "acr", "amr"}
    assert service.introspect(answer.json["access_token"])["active"] is True


def test_a_person_may_be_named_by_a_verified_address(
    server: Installation, upstream: Upstream, service: RelyingParty
) -> None:
    upstream.trust("service", subject="email")
    assert present(service, upstream.assertion("Alice@Example.com")).status == 200
    for stranger in ("bob@example.com", "no address", alice(server)):
        assert_refused(server, present(service, upstream.assertion(stranger)), "assertion_subject_unknown")


def test_an_address_that_nobody_has_proven_names_nobody(
    server: Installation, upstream: Upstream, service: RelyingParty
) -> None:
    upstream.trust("service", subject="email")
    with server.unit() as unit:
        user = unit.users.get(alice(server))
        user.email_verified = False
        unit.users.save(user)
    answer = present(service, upstream.assertion("alice@example.com"))
    assert_refused(server, answer, "assertion_subject_unknown")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://stranger.example"}, "assertion_issuer_unknown"),
        ({"iss": None}, "assertion_issuer_unknown"),
        ({"iss": 5}, "assertion_issuer_unknown"),
        ({"aud": "https://other.example"}, "assertion_audience_wrong"),
        ({"aud": "http://127.0.0.1:8000/oauth2/token"}, "assertion_audience_wrong"),
        ({"aud": ["http://127.0.0.1:8000", "https://other.example"]}, "assertion_audience_wrong"),
        ({"aud": None}, "assertion_audience_wrong"),
        ({"sub": None}, "assertion_without_sub"),
        ({"sub": 7}, "assertion_without_sub"),
        ({"sub": "nobody"}, "assertion_subject_unknown"),
        ({"jti": None}, "assertion_without_jti"),
        ({"jti": "x" * 256}, "assertion_without_jti"),
        ({"exp": None}, "assertion_invalid"),
        ({"exp": 1}, "assertion_invalid"),
        ({"exp": seconds(86400)}, "assertion_lives_too_long"),
        ({"nbf": seconds(3600)}, "assertion_invalid"),
    ],
)
def test_an_assertion_that_says_the_wrong_thing_is_refused(
    server: Installation, upstream: Upstream, service: RelyingParty, changes: dict[str, Any], reason: str
) -> None:
    upstream.trust("service")
    values = {"sub": alice(server)} | resolved(changes)
    answer = present(service, upstream.assertion(values.pop("sub"), **values))
    assert_refused(server, answer, reason)


def test_the_token_endpoint_may_be_named_where_that_is_registered(
    server: Installation, upstream: Upstream, service: RelyingParty
) -> None:
    upstream.trust("service", audience="endpoint")
    endpoint = f"{server.settings.issuer}/oauth2/token"
    assert present(service, upstream.assertion(alice(server), aud=[endpoint, "https://x.example"])).status == 200
    answer = present(service, upstream.assertion(alice(server), aud="https://x.example"))
    assert_refused(server, answer, "assertion_audience_wrong")


@pytest.mark.parametrize("typ", ["at+jwt", "dpop+jwt", "logout+jwt"])
def test_tokens_of_other_kinds_are_no_assertions(
    server: Installation, upstream: Upstream, service: RelyingParty, typ: str
) -> None:
    upstream.trust("service")
    assert_refused(server, present(service, upstream.assertion(alice(server), typ)), "assertion_type_wrong")


def test_a_signature_of_another_key_is_refused(server: Installation, upstream: Upstream, service: RelyingParty) -> None:
    upstream.trust("service")
    upstream.key = generate("ES256")
    assert_refused(server, present(service, upstream.assertion(alice(server))), "assertion_invalid")


def test_an_algorithm_that_is_not_registered_is_refused(
    server: Installation, upstream: Upstream, service: RelyingParty
) -> None:
    upstream.trust("service", algorithms=frozenset({"RS256"}))
    assert_refused(server, present(service, upstream.assertion(alice(server))), "assertion_invalid")


@pytest.mark.parametrize("value", ["garbage", "a.b.c", "x" * 8000])
def test_garbage_is_refused(server: Installation, upstream: Upstream, service: RelyingParty, value: str) -> None:
    upstream.trust("service")
    assert_refused(server, present(service, value), "assertion_invalid")


def test_an_assertion_is_needed(server: Installation, service: RelyingParty) -> None:
    answer = service.token_request(grant_type=GRANT)
    assert_refused(server, answer, "assertion_missing", "invalid_request")


def test_an_assertion_counts_once(server: Installation, upstream: Upstream, service: RelyingParty) -> None:
    upstream.trust("service")
    assertion = upstream.assertion(alice(server))
    assert present(service, assertion).status == 200
    assert_refused(server, present(service, assertion), "assertion_replayed")


def test_a_refused_assertion_is_not_used_up(server: Installation, upstream: Upstream, service: RelyingParty) -> None:
    upstream.trust("service")
    assertion = upstream.assertion(alice(server))
    answer = present(service, assertion, scope="write")
    assert_refused(server, answer, "scope_not_allowed", "invalid_scope")
    assert present(service, assertion).status == 200


def test_of_many_at_once_one_succeeds(server: Installation, upstream: Upstream, service: RelyingParty) -> None:
    upstream.trust("service")
    assertion = upstream.assertion(alice(server))
    statuses = at_once(lambda: present(service, assertion).status, 6)
    assert sorted(statuses) == [200, 400, 400, 400, 400, 400]


def test_only_clients_that_the_issuer_names_may_present(
    server: Installation, upstream: Upstream, service: RelyingParty
) -> None:
    upstream.trust("service")
    other = _service(server, "other")
    assert_refused(server, present(other, upstream.assertion(alice(server))), "assertion_issuer_not_allowed")


def test_a_public_client_may_not(server: Installation, upstream: Upstream, service: RelyingParty) -> None:
    public = _service(server, "public", token_endpoint_auth_method="none")
    upstream.trust("public")
    answer = present(public, upstream.assertion(alice(server)))
    assert_refused(server, answer, "grant_needs_secret", "unauthorized_client")


@pytest.mark.parametrize("scope", ["openid", "read offline_access"])
def test_scopes_of_a_login_need_a_login(
    server: Installation, upstream: Upstream, service: RelyingParty, scope: str
) -> None:
    upstream.trust("service")
    answer = present(service, upstream.assertion(alice(server)), scope=scope)
    assert_refused(server, answer, "scope_needs_login", "invalid_scope")


def test_resources_are_those_of_the_client(server: Installation, upstream: Upstream, service: RelyingParty) -> None:
    upstream.trust("service")
    server.add_resource("https://other.example")
    answer = present(service, upstream.assertion(alice(server)), resource="https://other.example")
    assert_refused(server, answer, "resource_not_allowed", "invalid_target")
    bare = _service(server, "bare", default_resource=None)
    answer = present(bare, upstream.assertion(alice(server)), scope="read")
    assert_refused(server, answer, "assertion_issuer_not_allowed")


def test_a_scope_of_another_audience_is_refused(server: Installation, upstream: Upstream) -> None:
    server.add_user()
    server.add_resource(API, scopes=("read",))
    bare = _service(server, "bare", default_resource=None)
    upstream.trust("bare")
    answer = present(bare, upstream.assertion(alice(server)), scope="read")
    assert_refused(server, answer, "scope_of_other_audience", "invalid_scope")


def test_a_disabled_person_gets_nothing(server: Installation, upstream: Upstream, service: RelyingParty) -> None:
    upstream.trust("service")
    token = present(service, upstream.assertion(alice(server))).json["access_token"]
    with server.unit() as unit:
        server.services.users.disable(unit, unit.users.get(alice(server)))
    assert service.introspect(token) == {"active": False}
    assert_refused(server, present(service, upstream.assertion(alice(server))), "assertion_subject_dead")


def test_an_issuer_that_is_removed_is_unknown(server: Installation, upstream: Upstream, service: RelyingParty) -> None:
    upstream.trust("service")
    services = server.services
    IssuerRegistration(services.database, services.recorder, server.settings.issuer).delete(UPSTREAM)
    services.trusted_issuers.forget()
    assert_refused(server, present(service, upstream.assertion(alice(server))), "assertion_issuer_unknown")


def test_keys_may_be_published_elsewhere(
    server: Installation, upstream: Upstream, service: RelyingParty, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream.trust("service", jwks=None, jwks_uri="https://upstream.example/jwks")
    asked: list[str] = []
    monkeypatch.setattr(
        "authserver.clients.keys.ClientKeys.published", lambda _, uri, kid: asked.append(uri) or upstream.jwks["keys"]
    )
    assert present(service, upstream.assertion(alice(server))).status == 200
    assert asked == ["https://upstream.example/jwks"]


def test_tokens_are_an_event_and_hang_on_a_grant(
    server: Installation, upstream: Upstream, service: RelyingParty
) -> None:
    upstream.trust("service")
    token = present(service, upstream.assertion(alice(server))).json["access_token"]
    (event,) = recorded(server, "TokensIssued")
    assert (event["grant_type"], event["user_id"], event["client_id"]) == (GRANT, alice(server), "service")
    with server.unit() as unit:
        unit.grants.revoke(claims_of(token)["grant_id"], "test")
    assert service.introspect(token) == {"active": False}
