from __future__ import annotations

import pytest
import time_machine

from authserver.crypto.handles import Handles, Kind
from authserver.crypto.macs import Macs
from authserver.identity.browsers import BrowserRegistry
from authserver.storage import Database

HANDLES = Handles(bytes(32))
REGISTRY = BrowserRegistry(HANDLES, Macs(bytes(32)), ttl=3600)


def test_browser_is_found_by_either_cookie(database: Database) -> None:
    with database.unit() as unit:
        browser, secrets = REGISTRY.create(unit)
    with database.reading() as unit:
        for found in (REGISTRY.find_by_sso(unit, secrets.sso), REGISTRY.find_by_page(unit, secrets.page)):
            assert found is not None
            assert found.id == browser.id


def test_one_cookie_is_not_the_other(database: Database) -> None:
    with database.unit() as unit:
        _, secrets = REGISTRY.create(unit)
        assert REGISTRY.find_by_sso(unit, secrets.page) is None
        assert REGISTRY.find_by_page(unit, secrets.sso) is None


def test_rotation_makes_the_old_cookies_worthless(database: Database) -> None:
    with database.unit() as unit:
        browser, old = REGISTRY.create(unit)
        new = REGISTRY.rotate(browser)
    with database.reading() as unit:
        assert REGISTRY.find_by_sso(unit, old.sso) is None
        assert REGISTRY.find_by_page(unit, old.page) is None
        found = REGISTRY.find_by_sso(unit, new.sso)
        assert found is not None
        assert found.id == browser.id


@pytest.mark.parametrize(
    "value", [None, "", "rubbish", "ü", pytest.param(HANDLES.issue(Kind.CODE).value, id="handle of another kind")]
)
def test_garbage_finds_nobody(database: Database, value: str | None) -> None:
    with database.reading() as unit:
        assert REGISTRY.find_by_sso(unit, value) is None
        assert REGISTRY.find_by_page(unit, value) is None


def test_unused_browser_is_forgotten(frozen_time: time_machine.Traveller, database: Database) -> None:
    with database.unit() as unit:
        _, secrets = REGISTRY.create(unit)
    frozen_time.shift(3600)
    with database.reading() as unit:
        assert REGISTRY.find_by_sso(unit, secrets.sso) is None
        assert REGISTRY.find_by_page(unit, secrets.page) is None


def test_page_cookie_follows_from_the_other_and_not_back(database: Database) -> None:
    with database.unit() as unit:
        _, secrets = REGISTRY.create(unit)
    assert REGISTRY.page_secret(secrets.sso) == secrets.page
    assert secrets.sso not in secrets.page


def test_database_holds_no_cookie(database: Database) -> None:
    with database.unit() as unit:
        browser, secrets = REGISTRY.create(unit)
    assert secrets.sso.encode() not in (browser.sso_digest, browser.page_digest)
    assert secrets.page.encode() not in (browser.sso_digest, browser.page_digest)


def test_held_browser_is_read_as_it_is_now(database: Database) -> None:
    with database.unit() as unit:
        browser, _ = REGISTRY.create(unit)
    with database.unit() as unit:
        held = unit.browsers.hold(browser.id)
        assert held is not None
        assert held.page_digest == browser.page_digest
        assert unit.browsers.hold("nobody") is None
