"""Logout tokens on their way: a real receiver, real workers, and their deaths; on both databases."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import time_machine

from authserver.clients.extensions import Extensions
from authserver.ops.jobs import backchannel_logout
from authserver.protocol import validity
from authserver.settings import Settings
from tests.installation import Installation, install
from tests.logout_receiver import Receiver, receiving
from tests.outbox import recorded
from tests.relying_party import Browser, RelyingParty, claims_of
from tests.threads import at_once

WORKER = "from authserver.cli.worker import worker; worker()"


@pytest.fixture
def server(migrated_url: str, make_settings: Callable[..., Settings]) -> Iterator[Installation]:
    settings = make_settings(database_url=migrated_url, outbound_allow=("127.0.0.1",), rate_limits=False)
    installed = install(settings, ("RS256",))
    installed.add_user()
    yield installed
    installed.services.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening


def sign_in_and_out(server: Installation, receiver: Receiver, clients: int = 1) -> list[str]:
    """A session with some clients that is over; the ids of the clients."""
    browser, extended = Browser(server), Extensions(backchannel_logout_uri=receiver.uri)
    names = [f"app-{number}" for number in range(clients)]
    for name in names:
        RelyingParty(server, *server.add_client(name, extensions=extended)).code(browser)
    with server.unit() as unit:
        [session] = unit.sessions.of_user(server.users["alice"].id)
        server.services.sessions.sign_out(unit, session)
    return names


def waiting(server: Installation) -> int:
    with server.reading() as unit:
        return unit.logout_deliveries.count()


@contextmanager
def worker(server: Installation) -> Iterator[subprocess.Popen[bytes]]:
    """`authserver worker`, in a process of its own."""
    settings = server.settings
    environment = {
        "AUTHSERVER_ENVIRONMENT": "testing",
        "AUTHSERVER_ISSUER": settings.issuer,
        "AUTHSERVER_DATABASE_URL": settings.database_url,
        "AUTHSERVER_INSTANCE_DIR": str(settings.instance_dir),
        "AUTHSERVER_KEYS_DIR": str(settings.keys_dir),
        "AUTHSERVER_OUTBOUND_ALLOW": "127.0.0.1",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PATH": "",
    }
    with subprocess.Popen([sys.executable, "-c", WORKER], env=environment, cwd=settings.keys_dir) as process:
        try:
            yield process
        finally:
            process.kill()


def until_none_waits(server: Installation) -> None:
    pause = threading.Event()
    for _ in range(600):
        if waiting(server) == 0:
            return
        pause.wait(0.05)
    raise AssertionError("a delivery is still waiting")


def test_worker_delivers_and_tries_again_what_failed(server: Installation, receiver: Receiver) -> None:
    receiver.statuses[:] = [500]
    sign_in_and_out(server, receiver)
    with worker(server):
        until_none_waits(server)
    first, second = map(claims_of, receiver.tokens)
    assert first["jti"] != second["jti"]
    assert first["sid"] == second["sid"]


def test_worker_killed_in_mid_delivery_loses_nothing(server: Installation, receiver: Receiver) -> None:
    receiver.held.set()
    [name] = sign_in_and_out(server, receiver)
    with worker(server) as process:
        receiver.wait()
        process.send_signal(signal.SIGKILL)
        assert process.wait(30) == -signal.SIGKILL
    receiver.held.clear()
    successor = backchannel_logout(server.settings, server.services.database)
    assert (successor.step(), waiting(server)) == (0, 1)
    with time_machine.travel(validity.after(130)):
        assert (successor.step(), waiting(server)) == (1, 0)
    assert [claims_of(token)["aud"] for token in receiver.tokens] == [name, name]
    assert [event["attempts"] for event in recorded(server, "ClientNotifiedOfLogout")] == [2]


def test_workers_at_once_tell_every_client_once(server: Installation, receiver: Receiver) -> None:
    names = sign_in_and_out(server, receiver, clients=12)

    def work() -> int:
        return backchannel_logout(server.settings, server.services.database).step()

    assert sum(at_once(work, 4)) == len(names)
    assert sorted(claims_of(token)["aud"] for token in receiver.tokens) == sorted(names)
    assert waiting(server) == 0


def test_worker_whose_lease_ended_does_not_touch_what_another_holds(server: Installation, receiver: Receiver) -> None:
    sign_in_and_out(server, receiver)
    with server.unit() as unit:
        [late] = unit.logout_deliveries.claim(holder="one", now=validity.now(), until=validity.now(), limit=5)
    with server.unit() as unit:
        [held] = unit.logout_deliveries.claim(holder="two", now=validity.now(), until=validity.after(60), limit=5)
    with server.unit() as unit:
        queue = unit.logout_deliveries
        assert not queue.complete(late)
        assert not queue.postpone(late, validity.now(), "")
        assert not queue.fail(late, validity.now(), "")
        assert queue.complete(held)
