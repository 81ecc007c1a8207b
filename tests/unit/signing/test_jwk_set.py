"""The published document."""

from __future__ import annotations

import json

import pytest

from authserver.signing.jwk_set import PublishedKeys, render
from authserver.signing.keys import public_jwk
from tests.keys import signing

JWKS = [public_jwk(alg, signing(alg).private.public_key()) for alg in ("ES256", "EdDSA")]


def test_the_document_holds_the_keys_in_their_order() -> None:
    assert json.loads(render(JWKS).body) == {"keys": JWKS}


def test_nothing_private_can_leave_by_mistake() -> None:
    body = render([JWKS[0] | {"d": "secret", "k": "secret", "note": "secret"}]).body
    assert b"secret" not in body


def test_the_tag_is_strong_and_changes_with_the_keys() -> None:
    etag = render(JWKS).etag
    assert etag.startswith('"')
    assert etag.endswith('"')
    assert render(JWKS).etag == etag
    assert render(JWKS[:1]).etag != etag


def test_unknown_keys_are_ignored_and_the_rest_is_found() -> None:
    foreign = [{"kty": "oct", "kid": "a", "k": "AA"}, {"kty": "RSA", "kid": "b", "alg": "RSA-OAEP", "use": "enc"}]
    published = PublishedKeys.parse(render([*foreign, *JWKS]).body)
    assert [published.find(kid) is not None for kid in ("a", "b", *(jwk["kid"] for jwk in JWKS))] == [0, 0, 1, 1]


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"<html>"])
def test_what_is_no_key_set_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|json|char"):
        PublishedKeys.parse(body)
