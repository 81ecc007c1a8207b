"""Sixteen threads answer and poll for the same request from elsewhere, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import func, select

from authserver.issuing.backchannel_requests import MOST_OF_ONE_CLIENT
from authserver.settings import Settings
from authserver.storage.models.grants import Grant
from tests import ciba
from tests.device import Device, allow, decide, enter, install_device
from tests.installation import Answer, Installation, install
from tests.outbox import recorded
from tests.relying_party import Browser
from tests.threads import THREADS, at_once, race


@pytest.fixture
def device(migrated_url: str, make_settings: Callable[..., Settings]) -> Iterator[Device]:
    """A device at a server with a connection for each thread."""
    settings = make_settings(
        database_url=migrated_url, database_pool_size=60, workers=1, database_pool_timeout=60, rate_limits=False
    )
    installed = install(settings, ("RS256",))
    installed.add_user()
    yield install_device(installed)
    installed.services.close()


def outcomes(answers: list[Answer]) -> Counter[str]:
    return Counter(answer.json.get("error", "tokens") for answer in answers)


def grants(server: Installation) -> int:
    with server.reading() as unit:
        return unit.session.scalar(select(func.count()).select_from(Grant)) or 0


def test_one_device_code_is_redeemed_once(device: Device) -> None:
    device.start("openid offline_access")
    allow(Browser(device.installation), device.user_code)
    answers = at_once(device.poll)
    assert outcomes(answers) == {"tokens": 1, "invalid_grant": THREADS - 1}
    assert len(recorded(device.installation, "TokensIssued")) == 1


def test_of_polls_at_once_one_was_in_time(device: Device) -> None:
    device.start()
    answers = at_once(device.poll)
    assert outcomes(answers) == {"authorization_pending": 1, "slow_down": THREADS - 1}


def test_one_of_many_answers_counts(device: Device) -> None:
    device.start()
    pages = []
    for _ in range(6):
        browser = Browser(device.installation)
        pages.append((browser, enter(browser, device.user_code)))
    actions = ["allow", "deny"] * 3
    race(
        [
            lambda browser=browser, page=page, action=action: decide(browser, page, action)
            for (browser, page), action in zip(pages, actions, strict=True)
        ]
    )
    told = recorded(device.installation, "ConsentGranted", "ConsentDenied")
    assert len(told) == 1
    allowed = told[0]["type"] == "ConsentGranted"
    assert grants(device.installation) == int(allowed)
    assert outcomes([device.poll()]) == {"tokens" if allowed else "access_denied": 1}


def test_one_auth_req_id_is_redeemed_once(device: Device) -> None:
    bank = ciba.install_background(device.installation)
    bank.start(scope="openid offline_access")
    ciba.decide(device.installation)
    assert outcomes(at_once(bank.poll)) == {"tokens": 1, "invalid_grant": THREADS - 1}


def test_requests_at_once_do_not_pass_the_limit_together(device: Device) -> None:
    bank = ciba.install_background(device.installation)
    answers = at_once(bank.ask)
    refused = THREADS - MOST_OF_ONE_CLIENT
    assert outcomes(answers) == {"tokens": MOST_OF_ONE_CLIENT, "access_denied": refused}
    assert len(recorded(device.installation, "BackchannelAuthenticationRequested")) == MOST_OF_ONE_CLIENT


def test_one_signed_request_is_taken_once(device: Device) -> None:
    bank = ciba.install_background(device.installation, signs=True)
    request = bank.signed()
    answers = at_once(lambda: bank.send(request=request))
    assert Counter(answer.status for answer in answers) == {200: 1, 400: THREADS - 1}
    assert len(recorded(device.installation, "BackchannelAuthenticationRequested")) == 1


def test_one_of_many_answers_to_a_client_counts(device: Device) -> None:
    bank = ciba.install_background(device.installation)
    bank.start()
    browsers = [Browser(device.installation) for _ in range(6)]
    pages = [ciba.approvals(browser) for browser in browsers]
    actions = ["allow", "deny"] * 3
    race(
        [
            lambda browser=browser, page=page, action=action: ciba.answer(browser, page, action)
            for browser, page, action in zip(browsers, pages, actions, strict=True)
        ]
    )
    (told,) = recorded(device.installation, "ConsentGranted", "ConsentDenied")
    allowed = told["type"] == "ConsentGranted"
    assert outcomes([bank.poll()]) == {"tokens" if allowed else "access_denied": 1}
