"""What clients say of themselves, member by member, as registration and metadata documents have it."""

from __future__ import annotations

from typing import Any

import pytest

from authserver.clients import wire
from authserver.clients.extensions import Extensions
from authserver.clients.metadata import ClientMetadata, validated
from authserver.protocol.errors import ValidationError

CODE, IMPLICIT, CIBA = "authorization_code", "implicit", "urn:openid:params:grant-type:ciba"
HOME = "https://shop.example"
EC, RSA = {"kty": "EC", "crv": "P-256"}, {"kty": "RSA", "n": "AQAB", "e": "AQAB"}
BASE = {"client_name": "Shop", "redirect_uris": [f"{HOME}/back"], "grant_types": [CODE]}
HYBRID = {"grant_types": [CODE, IMPLICIT], "response_types": ["code id_token"]}
BACKGROUND = {"grant_types": [CODE, CIBA]}


def read(profile: str = "oidc", **members: Any) -> ClientMetadata:
    """What a client may register with these members; None takes one out."""
    document = {name: value for name, value in (BASE | members).items() if value is not None}
    return validated(ClientMetadata(profile=profile, **wire.read(document).onto()), {"openid"}, {HOME})


def field_of_refusal(**members: Any) -> str | None:
    with pytest.raises(ValidationError) as refusal:
        read(**members)
    return refusal.value.field


def keys(*members: dict[str, Any]) -> dict[str, Any]:
    return {"keys": list(members)}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("client_name", 7),
        ("software_id", ""),
        ("software_id", "x" * 2049),
        ("software_id", "two\nlines"),
        ("software_id", ["shop"]),
        ("software_statement", "x" * 16_385),
        ("default_acr_values", "1"),
        ("default_acr_values", ["1"] * 101),
        ("default_acr_values", [1]),
        ("scope", ["openid"]),
        ("scope", "openid " * 300),
        ("jwks", "keys"),
        ("require_auth_time", 1),
        ("require_auth_time", "yes"),
        ("default_max_age", True),
        ("default_max_age", "60"),
        ("default_max_age", 1.5),
        ("default_max_age", -1),
        ("default_max_age", 2**31),
    ],
)
def test_member_of_another_type_or_size_is_refused(member: str, value: Any) -> None:
    assert field_of_refusal(**{member: value}) == member


def test_numbers_and_texts_may_be_as_large_as_their_limits() -> None:
    accepted = read(default_max_age=2**31 - 1, software_id="x" * 2048, software_statement="x" * 16_384)
    assert accepted.extensions.default_max_age == 2**31 - 1


def test_null_takes_a_member_away_but_not_the_name() -> None:
    assert wire.read({"logo_uri": None, "contacts": None}).onto() == {"logo_uri": None, "contacts": ()}
    with pytest.raises(ValidationError, match="cannot be taken away"):
        wire.read({"client_name": None})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("client_name#de", " "),
        ("client_name#de", "x" * 256),
        ("logo_uri#de", "javascript:alert(1)"),
        ("tos_uri#de-AT", "http://shop.example/"),
    ],
)
def test_member_in_another_language_is_checked_like_the_one_without(name: str, value: str) -> None:
    assert field_of_refusal(**{name: value}) == name


def test_languages_are_limited_by_number() -> None:
    names = {f"client_name#aa-{number}": "Laden" for number in range(101)}
    assert field_of_refusal(**names) == "client_name#aa-0"


@pytest.mark.parametrize("name", ["client_uri#d", "redirect_uris#de", "client_name#de_AT", "client_name#"])
def test_what_has_no_language_is_passed_over(name: str) -> None:
    assert not read(**{name: "x"}).extensions.localized
    assert wire.unknown({name: "x", "client_name#de": "x", "client_name": "x"}) == [name]


@pytest.mark.parametrize(
    ("field", "members"),
    [
        ("redirect_uris", {"redirect_uris": [f"{HOME}/*"]}),
        ("redirect_uris", {"redirect_uris": ["com.example.app:/back"]}),
        ("redirect_uris", {"redirect_uris": [""]}),
        ("redirect_uris", {"redirect_uris": ["HTTPS://shop.example/"]}),
        ("redirect_uris", {"redirect_uris": ["https:shop.example"]}),
        ("redirect_uris", {"grant_types": [IMPLICIT], "response_types": ["id_token"], "redirect_uris": None}),
        ("post_logout_redirect_uris", {"post_logout_redirect_uris": [f"{HOME}/#part"]}),
        ("frontchannel_logout_uri", {"frontchannel_logout_uri": "https://other.example/"}),
        ("backchannel_logout_uri", {"backchannel_logout_uri": "http://shop.example/"}),
        ("initiate_login_uri", {"initiate_login_uri": "http://127.0.0.1/login"}),
        ("sector_identifier_uri", {"sector_identifier_uri": "http://127.0.0.1/sector"}),
        ("request_uris", {"request_uris": ["http://127.0.0.1/request"]}),
        (
            "backchannel_client_notification_endpoint",
            {"backchannel_client_notification_endpoint": "http://127.0.0.1/ring"},
        ),
    ],
)
def test_address_of_the_wrong_kind_is_refused(field: str, members: dict[str, Any]) -> None:
    assert field_of_refusal(**members) == field


@pytest.mark.parametrize("uri", ["http://127.0.0.1/back", "https://localhost/back"])
def test_tokens_in_an_address_come_to_https_on_another_machine(uri: str) -> None:
    implicit = {"grant_types": [IMPLICIT], "response_types": ["id_token"], "redirect_uris": [uri]}
    assert field_of_refusal(**implicit) == "redirect_uris"
    assert read(**implicit, application_type="native").redirect_uris == (uri,)
    assert read(redirect_uris=[uri]).redirect_uris == (uri,)


@pytest.mark.parametrize(
    ("field", "members"),
    [
        ("grant_types", {"grant_types": []}),
        ("response_types", {"response_types": ["code magic"]}),
        ("response_types", {"response_types": ["code id_token"]}),
        ("response_types", {"response_types": ["code"], "grant_types": ["client_credentials"]}),
        ("response_types", {"profile": "default", **HYBRID}),
        ("token_endpoint_auth_method", {"token_endpoint_auth_method": "magic"}),
        ("token_endpoint_auth_method", {"profile": "fapi2-security"}),
        ("jwks", {"token_endpoint_auth_method": "private_key_jwt"}),
        ("jwks", {"token_endpoint_auth_method": "self_signed_tls_client_auth"}),
        ("jwks", {"jwks": keys({"crv": "P-256"})}),
        ("jwks", {"jwks": keys(EC | {"kid": "x" * 66_000})}),
        ("jwks", {"jwks": keys(EC | {"kid": "a\0b"})}),
        ("tls_client_auth_san_dns", {"tls_client_auth_san_dns": "shop.example"}),
        ("subject_type", {"subject_type": "secret"}),
        ("subject_type", {"subject_type": "pairwise", "redirect_uris": [HOME, "https://other.example"]}),
    ],
)
def test_what_does_not_go_together_is_refused(field: str, members: dict[str, Any]) -> None:
    assert field_of_refusal(**members) == field


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("tls_client_auth_subject_dn", "shop"),
        ("tls_client_auth_san_ip", "shop.example"),
        ("tls_client_auth_san_dns", "two names"),
        ("tls_client_auth_san_uri", "urn:" + "x" * 2045),
    ],
)
def test_name_that_no_certificate_has_is_refused(member: str, value: str) -> None:
    assert field_of_refusal(token_endpoint_auth_method="tls_client_auth", **{member: value}) == member


@pytest.mark.parametrize(
    ("field", "members"),
    [
        ("id_token_signed_response_alg", {"id_token_signed_response_alg": "RS1"}),
        ("id_token_signed_response_alg", {"id_token_signed_response_alg": "none", **HYBRID}),
        (
            "id_token_signed_response_alg",
            {"id_token_signed_response_alg": "HS256", "token_endpoint_auth_method": "none"},
        ),
        ("request_object_signing_alg", {"request_object_signing_alg": "none"}),
        ("introspection_signed_response_alg", {"introspection_signed_response_alg": "HS256"}),
        ("authorization_signed_response_alg", {"authorization_signed_response_alg": "none"}),
        ("token_endpoint_auth_signing_alg", {"token_endpoint_auth_signing_alg": "RS256"}),
        (
            "token_endpoint_auth_signing_alg",
            {"token_endpoint_auth_signing_alg": "RS256", "token_endpoint_auth_method": "client_secret_jwt"},
        ),
        (
            "token_endpoint_auth_signing_alg",
            {
                "token_endpoint_auth_signing_alg": "HS256",
                "token_endpoint_auth_method": "private_key_jwt",
                "jwks": keys(EC),
            },
        ),
        ("id_token_encrypted_response_alg", {"id_token_encrypted_response_alg": "RSA1_5", "jwks": keys(RSA)}),
        ("id_token_encrypted_response_enc", {"id_token_encrypted_response_enc": "A128GCM", "jwks": keys(RSA)}),
        ("request_object_encryption_alg", {"request_object_encryption_alg": "dir"}),
        (
            "request_object_encryption_enc",
            {"request_object_encryption_alg": "ECDH-ES", "request_object_encryption_enc": "none"},
        ),
    ],
)
def test_algorithm_that_does_not_go_with_the_client_is_refused(field: str, members: dict[str, Any]) -> None:
    assert field_of_refusal(**members) == field


FAPI = {"profile": "fapi2-security", "token_endpoint_auth_method": "private_key_jwt", "jwks": keys(EC)}


@pytest.mark.parametrize("alg", ["RS256", "HS256", "none"])
def test_profile_chooses_among_algorithms(alg: str) -> None:
    assert field_of_refusal(**FAPI, id_token_signed_response_alg=alg) == "id_token_signed_response_alg"
    assert field_of_refusal(**FAPI, token_endpoint_auth_signing_alg=alg) == "token_endpoint_auth_signing_alg"
    both = {"id_token_signed_response_alg": "PS256", "token_endpoint_auth_signing_alg": "ES256"}
    assert read(**FAPI, **both).extensions.id_token_signed_response_alg == "PS256"


@pytest.mark.parametrize("what", ["id_token", "userinfo", "authorization", "introspection"])
def test_encryption_needs_a_key_that_can_be_encrypted_to(what: str) -> None:
    wish = {f"{what}_encrypted_response_alg": "ECDH-ES"}
    for others in ({}, {"jwks": keys(RSA)}, {"jwks": keys(EC | {"use": "sig"}, RSA | {"use": "enc"})}):
        assert field_of_refusal(**wish, **others) == f"{what}_encrypted_response_alg"
    for others in ({"jwks_uri": f"{HOME}/keys"}, {"jwks": keys(EC)}, {"jwks": keys(EC | {"use": "enc"})}):
        accepted = read(**wish, **others).extensions
        assert getattr(accepted, f"{what}_encrypted_response_enc") == "A128CBC-HS256"


def test_chosen_content_encryption_stays() -> None:
    chosen = {"request_object_encryption_alg": "ECDH-ES", "request_object_encryption_enc": "A256GCM"}
    assert read(**chosen).extensions.request_object_encryption_enc == "A256GCM"


@pytest.mark.parametrize(
    ("field", "members"),
    [
        ("backchannel_token_delivery_mode", {"backchannel_token_delivery_mode": "push"}),
        ("backchannel_token_delivery_mode", BACKGROUND),
        ("backchannel_client_notification_endpoint", BACKGROUND | {"backchannel_token_delivery_mode": "ping"}),
        ("backchannel_user_code_parameter", {"backchannel_user_code_parameter": True}),
    ],
)
def test_backchannel_authentication_needs_a_way_to_tell(field: str, members: dict[str, Any]) -> None:
    assert field_of_refusal(**members) == field


def test_backchannel_authentication_by_polls_needs_no_address() -> None:
    told = {"backchannel_token_delivery_mode": "ping", "backchannel_client_notification_endpoint": f"{HOME}/ring"}
    assert CIBA in read(**BACKGROUND, backchannel_token_delivery_mode="poll").grant_types
    assert CIBA in read(**BACKGROUND, **told).grant_types


@pytest.mark.parametrize("uris", [[f"{HOME}/a", f"{HOME}/b"], ["com.example.app:/back"]])
def test_pairwise_client_of_one_host_needs_no_sector(uris: list[str]) -> None:
    accepted = read(subject_type="pairwise", redirect_uris=uris, application_type="native")
    assert accepted.extensions.subject_type == "pairwise"


def test_rule_of_exchange_names_resources_of_the_client_alone() -> None:
    rule = {"name": "to-shop", "clients": ["app"], "targets": [HOME]}
    wanted = ClientMetadata("Shop", grant_types=("client_credentials",), policy={"exchange": [rule]})
    with pytest.raises(ValidationError, match=HOME) as refusal:
        validated(wanted, (), {HOME})
    assert refusal.value.field == "policy"


@pytest.mark.parametrize(
    ("method", "algorithms", "has_secret", "is_key"),
    [
        ("client_secret_basic", {}, True, False),
        ("client_secret_jwt", {}, True, True),
        ("private_key_jwt", {}, False, False),
        ("private_key_jwt", {"id_token_signed_response_alg": "HS256"}, True, True),
        ("private_key_jwt", {"request_object_encryption_alg": "dir"}, True, True),
        ("private_key_jwt", {"token_endpoint_auth_signing_alg": "HS256"}, False, False),
        ("none", {"id_token_signed_response_alg": "HS256"}, False, True),
        ("none", {}, False, False),
    ],
)
def test_secret_is_for_authentication_or_a_key(
    method: str, algorithms: dict[str, str], has_secret: bool, is_key: bool
) -> None:
    wanted = ClientMetadata("Shop", token_endpoint_auth_method=method, extensions=Extensions(**algorithms))  # type: ignore[arg-type]
    assert (wanted.has_secret, wanted.secret_is_key) == (has_secret, is_key)


def test_contact_that_cannot_be_printed_is_refused() -> None:
    wanted = ClientMetadata("Shop", grant_types=("client_credentials",), contacts=("ops\nBcc: all",))
    with pytest.raises(ValidationError) as refusal:
        validated(wanted, (), ())
    assert refusal.value.field == "contacts"
