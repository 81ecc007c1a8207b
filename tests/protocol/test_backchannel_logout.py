"""Back-channel logout (OpenID Connect Back-Channel Logout 1.0); suite: oidcc-backchannel-rp-initiated-logout."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import time_machine
from joserfc import jwt
from joserfc.jwk import OctKey

from authserver.clients.extensions import Extensions
from authserver.events.persons import PersonKeys
from authserver.ops.jobs import backchannel_logout
from authserver.protocol import validity
from authserver.signing.keys import ALGORITHMS
from authserver.storage.models.logout import LogoutDelivery
from authserver.tokens import jose, logout_tokens
from tests.client_keys import jwks, opened, stored
from tests.installation import Installation
from tests.logout_receiver import Receiver, receiving
from tests.outbox import recorded
from tests.relying_party import Browser, RelyingParty, claims_of

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening


@pytest.fixture
def server(make_server: Callable[..., Installation]) -> Installation:
    made = make_server(outbound_allow=("127.0.0.1",))
    made.add_user()
    return made


def add_party(server: Installation, receiver: Receiver, client_id: str = "app", **values: Any) -> RelyingParty:
    extended = Extensions(backchannel_logout_uri=receiver.uri)
    return RelyingParty(server, *server.add_client(client_id, **{"extensions": extended} | values))


@pytest.fixture
def party(server: Installation, receiver: Receiver) -> RelyingParty:
    return add_party(server, receiver)


@pytest.fixture
def browser(server: Installation) -> Browser:
    return Browser(server)


def send(server: Installation) -> int:
    return backchannel_logout(server.settings, server.services.database).step()


def waiting(server: Installation) -> int:
    with server.reading() as unit:
        return unit.logout_deliveries.count()


def sign_out(server: Installation) -> None:
    with server.unit() as unit:
        for session in unit.sessions.of_user(server.users["alice"].id):
            server.services.sessions.sign_out(unit, session)


def log_out(browser: Browser, hint: str) -> None:
    assert 'id="signed-out"' in browser.open(f"/oauth2/logout?id_token_hint={hint}").text


def test_logout_token_says_which_session_ended(
    server: Installation, party: RelyingParty, browser: Browser, receiver: Receiver
) -> None:
    hint = party.tokens(browser)["id_token"]
    log_out(browser, hint)
    assert send(server) == 1
    [token] = receiver.tokens
    claims = jose.verify(token, server.services.keyring, algorithms=ALGORITHMS, typ="logout+jwt")
    told = claims_of(hint)
    assert claims.pop("jti")
    assert claims.pop("exp") - claims.pop("iat") == logout_tokens.LIFETIME_SECONDS
    assert claims == {name: told[name] for name in ("iss", "aud", "sub", "sid")} | {"events": {EVENT: {}}}


def test_a_pairwise_client_hears_its_own_name_for_the_person(
    server: Installation, browser: Browser, receiver: Receiver
) -> None:
    extended = Extensions(backchannel_logout_uri=receiver.uri, subject_type="pairwise")
    hint = add_party(server, receiver, extensions=extended).tokens(browser)["id_token"]
    log_out(browser, hint)
    assert send(server) == 1
    assert claims_of(receiver.tokens[0])["sub"] == claims_of(hint)["sub"] != server.users["alice"].id


def test_nothing_but_the_token_is_posted(
    server: Installation, party: RelyingParty, browser: Browser, receiver: Receiver
) -> None:
    log_out(browser, party.tokens(browser)["id_token"])
    send(server)
    assert receiver.bodies == [f"logout_token={receiver.tokens[0]}"]
    assert receiver.content_types == ["application/x-www-form-urlencoded"]


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_token_is_signed_as_the_clients_id_tokens_are(server: Installation, receiver: Receiver, algorithm: str) -> None:
    party = add_party(server, receiver, policy={"id_token_alg": algorithm})
    party.tokens()
    sign_out(server)
    send(server)
    jose.verify(receiver.tokens[0], server.services.keyring, algorithms=(algorithm,), typ="logout+jwt")


def test_a_client_with_macs_gets_a_mac_under_its_secret(server: Installation, receiver: Receiver) -> None:
    wanted = {"backchannel_logout_uri": receiver.uri, "id_token_signed_response_alg": "HS256"}
    party = add_party(server, receiver, extensions=Extensions(**wanted))
    party.tokens()
    sign_out(server)
    send(server)
    found = jwt.decode(receiver.tokens[0], OctKey.import_key(party.secret), algorithms=["HS256"])
    assert (found.header["typ"], found.claims["aud"]) == ("logout+jwt", "app")


def test_a_client_with_unsigned_id_tokens_gets_a_signed_logout_token(server: Installation, receiver: Receiver) -> None:
    wanted = {"backchannel_logout_uri": receiver.uri, "id_token_signed_response_alg": "none"}
    add_party(server, receiver, extensions=Extensions(**wanted)).tokens()
    sign_out(server)
    send(server)
    jose.verify(receiver.tokens[0], server.services.keyring, algorithms=("RS256",), typ="logout+jwt")


def encrypting(server: Installation, receiver: Receiver) -> RelyingParty:
    """A client whose ID tokens are encrypted."""
    wanted = {"id_token_encrypted_response_alg": "ECDH-ES", "id_token_encrypted_response_enc": "A256GCM"}
    extended = Extensions(backchannel_logout_uri=receiver.uri, **wanted)
    return add_party(server, receiver, jwks=jwks("EC"), extensions=extended)


def test_a_logout_token_is_encrypted_as_id_tokens_are(server: Installation, receiver: Receiver) -> None:
    encrypting(server, receiver).tokens()
    sign_out(server)
    assert send(server) == 1
    found = opened(receiver.tokens[0], "ECDH-ES", "A256GCM")
    assert found.protected["cty"] == "JWT"
    token = (found.plaintext or b"").decode()
    jose.verify(token, server.services.keyring, algorithms=("RS256",), typ="logout+jwt")


def test_without_a_key_nothing_is_sent_in_the_clear_and_it_is_tried_again(
    server: Installation, receiver: Receiver
) -> None:
    encrypting(server, receiver).tokens()
    stored(server, "app", jwks={"keys": []})
    sign_out(server)
    send(server)
    assert (receiver.tokens, waiting(server)) == ([], 1)


def test_answer_204_is_as_good_as_200(server: Installation, party: RelyingParty, receiver: Receiver) -> None:
    receiver.statuses[:] = [204]
    party.tokens()
    sign_out(server)
    assert send(server) == 1
    assert waiting(server) == 0
    [event] = recorded(server, "ClientNotifiedOfLogout")
    assert (event["client_id"], event["attempts"]) == ("app", 1)


def test_only_clients_of_that_session_that_asked_for_it_are_told(
    server: Installation, party: RelyingParty, browser: Browser, receiver: Receiver
) -> None:
    deaf = RelyingParty(server, *server.add_client("deaf"))
    add_party(server, receiver, "unvisited")
    deaf.code(browser)
    party.tokens(browser)
    sign_out(server)
    assert send(server) == 1
    assert [claims_of(token)["aud"] for token in receiver.tokens] == ["app"]


def test_each_client_hears_its_own_name_of_the_session(
    server: Installation, party: RelyingParty, browser: Browser, receiver: Receiver
) -> None:
    other = add_party(server, receiver, "other")
    names = {claims_of(one.tokens(browser)["id_token"])["sid"] for one in (party, other)}
    sign_out(server)
    send(server)
    assert len(names) == 2
    assert {claims_of(token)["sid"] for token in receiver.tokens} == names


def test_client_that_gave_its_tokens_back_is_told_all_the_same(
    server: Installation, party: RelyingParty, receiver: Receiver
) -> None:
    tokens = party.tokens(scope="openid offline_access", prompt="consent")
    party.ask("revoke", tokens["refresh_token"])
    sign_out(server)
    assert send(server) == 1


def disable(server: Installation) -> None:
    with server.unit() as unit:
        server.services.users.disable(unit, server.services.users.get(unit, "alice"))


def erase(server: Installation) -> None:
    with server.unit() as unit:
        keys = PersonKeys(server.services.crypto.sealer)
        server.services.users.erase(unit, server.services.users.get(unit, "alice"), keys)


def reset_password(server: Installation) -> None:
    prepared = server.services.passwords.prepare("Another-Horse-8-Battery")
    with server.unit() as unit:
        server.services.users.reset_password(unit, server.services.users.get(unit, "alice"), prepared)


def sign_out_everywhere(server: Installation) -> None:
    with server.unit() as unit:
        server.services.users.sign_out_everywhere(unit, server.services.users.get(unit, "alice"))


def end_others(server: Installation) -> None:
    with server.unit() as unit:
        user = server.services.users.get(unit, "alice")
        server.services.sessions.end_others(unit, user, None, "password_changed")


@pytest.mark.parametrize(
    "end",
    [disable, erase, reset_password, sign_out_everywhere, end_others, sign_out],
    ids=lambda end: end.__name__,
)
def test_however_a_session_ends_its_clients_are_told_once(
    server: Installation, party: RelyingParty, receiver: Receiver, end: Callable[[Installation], None]
) -> None:
    told = claims_of(party.tokens()["id_token"])
    end(server)
    sign_out(server)
    assert (send(server), send(server)) == (1, 0)
    [claims] = map(claims_of, receiver.tokens)
    assert (claims["sub"], claims["sid"]) == (told["sub"], told["sid"])


def test_logout_page_tells_too(server: Installation, party: RelyingParty, browser: Browser, receiver: Receiver) -> None:
    party.tokens(browser)
    browser.submit(browser.open("/oauth2/logout"), action="yes")
    assert send(server) == 1


def test_expiry_is_not_told(server: Installation, party: RelyingParty) -> None:
    party.tokens()
    with time_machine.travel(validity.after(server.settings.session_max_ttl + 3600)), server.unit() as unit:
        assert server.services.sessions.tell_expired(unit) == 1
    assert waiting(server) == 0


def test_disabled_client_is_not_told(server: Installation, party: RelyingParty, receiver: Receiver) -> None:
    party.tokens()
    sign_out(server)
    server.registration.disable("app")
    send(server)
    assert (waiting(server), receiver.bodies) == (0, [])


@pytest.mark.parametrize("status", [503, 0], ids=["unavailable", "hung up"])
def test_failure_is_tried_again_with_a_token_of_its_own(
    server: Installation, party: RelyingParty, receiver: Receiver, status: int
) -> None:
    receiver.statuses[:] = [status]
    party.tokens()
    sign_out(server)
    assert (send(server), send(server), waiting(server)) == (1, 0, 1)
    with time_machine.travel(validity.after(60)):
        assert (send(server), waiting(server)) == (1, 0)
    first, second = map(claims_of, receiver.tokens)
    assert first["jti"] != second["jti"]
    assert first["iat"] < second["iat"]
    assert recorded(server, "ClientNotifiedOfLogout")[0]["attempts"] == 2


def test_answer_400_is_final(server: Installation, party: RelyingParty, receiver: Receiver) -> None:
    receiver.statuses[:] = [400]
    party.tokens()
    sign_out(server)
    send(server)
    assert waiting(server) == 0
    [event] = recorded(server, "ClientLogoutFailed")
    assert (event["client_id"], event["reason"], event["attempts"]) == ("app", "status_400", 1)


def test_receiver_that_never_answers_well_is_given_up(
    server: Installation, party: RelyingParty, receiver: Receiver
) -> None:
    receiver.statuses[:] = [500] * 20
    party.tokens()
    sign_out(server)
    queue = backchannel_logout(server.settings, server.services.database)
    for hours in range(20):
        with time_machine.travel(validity.after(hours * 3600)):
            queue.step()
    assert len(receiver.bodies) == 9
    assert [event["reason"] for event in recorded(server, "ClientLogoutFailed")] == ["status_500"]


def test_address_that_may_not_be_reached_is_final(make_server: Callable[..., Installation], receiver: Receiver) -> None:
    server = make_server()
    server.add_user()
    add_party(server, receiver).tokens()
    sign_out(server)
    send(server)
    assert (waiting(server), receiver.bodies) == (0, [])
    assert [event["reason"] for event in recorded(server, "ClientLogoutFailed")] == ["scheme_not_allowed"]


def test_nothing_is_told_of_a_logout_that_was_rolled_back(server: Installation, party: RelyingParty) -> None:
    party.tokens()
    with suppress(RuntimeError), server.unit() as unit:
        [session] = unit.sessions.of_user(server.users["alice"].id)
        server.services.sessions.sign_out(unit, session)
        raise RuntimeError
    assert waiting(server) == 0


def test_logout_token_is_no_id_token_hint(
    server: Installation, party: RelyingParty, browser: Browser, receiver: Receiver
) -> None:
    party.tokens(browser)
    sign_out(server)
    send(server)
    answer = browser.open(f"/oauth2/logout?id_token_hint={receiver.tokens[0]}")
    assert (answer.status, server.why(answer)) == (400, "logout_hint_type_not_allowed")


def test_failed_deliveries_are_swept_after_a_month(
    server: Installation, party: RelyingParty, receiver: Receiver
) -> None:
    from authserver.storage.maintenance import sweep_logout_deliveries

    receiver.statuses[:] = [400]
    party.tokens()
    sign_out(server)
    send(server)
    assert sweep_logout_deliveries(server.services.database) == 0
    with time_machine.travel(validity.after(31 * 86_400)):
        assert sweep_logout_deliveries(server.services.database) == 1
    with server.reading() as unit:
        assert unit.session.query(LogoutDelivery).count() == 0


def test_metadata_offers_it(server: Installation) -> None:
    metadata = server.get("/.well-known/openid-configuration").json
    assert metadata["backchannel_logout_supported"] is True
    assert metadata["backchannel_logout_session_supported"] is True
