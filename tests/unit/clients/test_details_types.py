"""Types of authorization details that a client registers (RFC 9396 §10)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from authserver.clients.extensions import Extensions
from authserver.clients.metadata import ClientMetadata, validated
from authserver.clients.rules.details import NAME
from authserver.protocol.errors import ValidationError


def registered(wanted: ClientMetadata, types: tuple[str, ...], known: tuple[str, ...]) -> ClientMetadata:
    asking = replace(wanted, extensions=Extensions(authorization_details_types=types))
    return validated(asking, {"openid", "profile"}, (), known)


def test_known_types_may_be_registered(web_client: ClientMetadata) -> None:
    found = registered(web_client, ("payment",), ("account", "payment"))
    assert found.extensions.authorization_details_types == ("payment",)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (("payment", "account"), "takes account, payment here, not 'unheard' (RFC 9396 §10)"),
        ((), "takes none here, not 'unheard' (RFC 9396 §10)"),
    ],
)
def test_unknown_types_are_refused_and_the_known_ones_named(
    web_client: ClientMetadata, known: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        registered(web_client, (*known, "unheard"), known)
    assert (refused.value.field, refused.value.message) == (NAME, f"{NAME} {words}")
