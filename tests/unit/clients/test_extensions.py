"""Client metadata beyond RFC 7591 §2."""

from __future__ import annotations

from authserver.clients import extensions
from authserver.clients.extensions import Extensions


def test_what_was_registered_comes_back() -> None:
    wanted = Extensions(
        subject_type="pairwise", request_uris=("https://app.example/r#1",), localized={"client_name#de": "Laden"}
    )
    document = wanted.to_document()
    assert document["request_uris"] == ["https://app.example/r#1"]
    assert extensions.from_document(document) == wanted


def test_defaults_are_not_stored() -> None:
    assert Extensions().to_document() == {}


def test_members_that_are_not_known_any_more_are_left_out() -> None:
    assert extensions.from_document({"invented": 1, "require_auth_time": True}) == Extensions(require_auth_time=True)
