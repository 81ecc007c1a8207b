"""Which refusals are events."""

from __future__ import annotations

import pytest

from authserver.events.catalog import AuthorizationRefused, ClientAuthenticationFailed
from authserver.events.refusals import NOTABLE, event_of
from authserver.protocol.errors import InvalidClient, InvalidGrant, InvalidRequest
from tests.architecture.refusals import refusals


def test_a_failed_authentication_names_the_client_that_exists() -> None:
    error = InvalidClient(reason="secret_wrong", details={"client_id": "shop", "method": "client_secret_basic"})
    event = event_of(error, "token", None, "ABCDE-FGHJK")
    assert event == ClientAuthenticationFailed(
        client_id="shop", reason="secret_wrong", method="client_secret_basic", endpoint="token"
    )


def test_what_a_stranger_calls_itself_is_not_kept() -> None:
    error = InvalidClient(reason="client_unknown", details={"client_id": "<script>", "method": "none"})
    event = event_of(error, "token", None, "ABCDE-FGHJK")
    assert isinstance(event, ClientAuthenticationFailed)
    assert event.client_id is None


def test_a_request_that_names_nobody_is_no_event() -> None:
    assert event_of(InvalidClient(reason="no_credentials"), "token", None, "ABCDE-FGHJK") is None


@pytest.mark.parametrize("reason", sorted(NOTABLE))
def test_a_notable_refusal_is_told_with_its_reference(reason: str) -> None:
    event = event_of(InvalidGrant(reason=reason), "token", "shop", "ABCDE-FGHJK")
    assert event == AuthorizationRefused(
        client_id="shop", reason=reason, error="invalid_grant", endpoint="token", reference="ABCDE-FGHJK"
    )


def test_a_mistake_is_no_event() -> None:
    assert event_of(InvalidRequest(reason="parameter_repeated"), "token", "shop", "ABCDE-FGHJK") is None


def test_every_notable_reason_is_one_that_the_source_gives() -> None:
    assert {refusal.reason for refusal in refusals()} >= NOTABLE
