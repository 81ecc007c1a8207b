"""Sector identifiers (OpenID Connect Dynamic Client Registration 1.0 §5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.installation import REDIRECT_URI, Installation
from tests.publisher import Publisher, publishing
from tests.registrant import Registrant

OTHER_URI = "https://other.example/callback"
SECTOR = "/redirect_uris.json"


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Publisher]:
    with publishing(tmp_path) as running:
        yield running


@pytest.fixture
def registrant(make_server: Callable[..., Installation], publisher: Publisher) -> Registrant:
    return Registrant(make_server(registration="open", **publisher.settings))


def pairwise(publisher: Publisher, listed: Any, **values: Any) -> dict[str, Any]:
    uri = publisher.publish(SECTOR, listed, **values)
    return {"subject_type": "pairwise", "sector_identifier_uri": uri, "redirect_uris": [REDIRECT_URI, OTHER_URI]}


def test_redirect_uris_that_the_sector_lists_are_accepted(registrant: Registrant, publisher: Publisher) -> None:
    """oidcc-registration-sector-uri."""
    wanted = pairwise(publisher, [OTHER_URI, REDIRECT_URI, "https://third.example/"])
    told = registrant.register(**wanted)
    assert (told["subject_type"], told["sector_identifier_uri"]) == ("pairwise", wanted["sector_identifier_uri"])


@pytest.mark.parametrize(
    "listed", [[REDIRECT_URI], [], {REDIRECT_URI: 1, OTHER_URI: 1}, "text", [7, REDIRECT_URI, OTHER_URI]]
)
def test_others_are_refused(registrant: Registrant, publisher: Publisher, listed: Any) -> None:
    """oidcc-registration-sector-bad."""
    answer = registrant.ask(**pairwise(publisher, listed))
    assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")


def test_a_sector_that_cannot_be_read_is_refused(registrant: Registrant, publisher: Publisher) -> None:
    wanted = pairwise(publisher, [REDIRECT_URI, OTHER_URI], status=404)
    assert registrant.ask(**wanted).json["error"] == "invalid_client_metadata"
    elsewhere = wanted | {"sector_identifier_uri": "https://127.0.0.1:1/sector"}
    assert registrant.ask(**elsewhere).json["error"] == "invalid_client_metadata"
    assert registrant.ask(**wanted | {"sector_identifier_uri": "http://app.example/sector"}).status == 400


def test_the_sector_is_asked_even_for_public_subjects(registrant: Registrant, publisher: Publisher) -> None:
    wanted = pairwise(publisher, [REDIRECT_URI]) | {"subject_type": "public"}
    assert registrant.ask(**wanted).status == 400


def test_the_sector_is_asked_again_when_redirect_uris_change(registrant: Registrant, publisher: Publisher) -> None:
    told = registrant.register(**pairwise(publisher, [REDIRECT_URI, OTHER_URI]))
    known = {"client_id": told["client_id"], "subject_type": "pairwise"}
    wanted = known | {"sector_identifier_uri": told["sector_identifier_uri"], "redirect_uris": [REDIRECT_URI]}
    assert registrant.manage("PUT", wanted | {"client_name": "Photos"}).status == 200
    publisher.asked.clear()
    assert registrant.manage("PUT", wanted | {"client_name": "Films"}).status == 200
    assert publisher.asked == []
    stranger = wanted | {"redirect_uris": ["https://stranger.example/callback"]}
    assert registrant.manage("PUT", stranger).json["error"] == "invalid_client_metadata"
    assert publisher.asked == [SECTOR]


def test_pairwise_subjects_without_a_sector_need_one_host(registrant: Registrant) -> None:
    two = {"subject_type": "pairwise", "redirect_uris": [REDIRECT_URI, OTHER_URI]}
    assert registrant.ask(**two).json["error"] == "invalid_client_metadata"
    one = two | {"redirect_uris": [REDIRECT_URI, "https://app.example/other"]}
    assert registrant.register(**one)["subject_type"] == "pairwise"
