"""Hashing passwords: parameters, equal work, bounded concurrency, imported hashes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import bcrypt
import pytest
from argon2 import extract_parameters
from argon2.exceptions import VerifyMismatchError
from argon2.low_level import Type

from authserver.crypto import passwords
from authserver.crypto.passwords import PasswordHasher, prepared
from authserver.protocol.errors import TemporarilyUnavailable
from authserver.settings import load

CHEAP = {"argon2_memory_kib": 64, "argon2_time_cost": 1, "argon2_parallelism": 1, "argon2_concurrency": 2}


def hasher(max_waiting: int = 32, **changes: Any) -> PasswordHasher:
    return PasswordHasher(SimpleNamespace(password_max_length=128, **{**CHEAP, **changes}), max_waiting)


def run_together(works: list[Callable[[], object]]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_password_matches_its_own_hash_alone() -> None:
    subject = hasher()
    stored = subject.hash("Correct-Horse-1")
    assert subject.verify("Correct-Horse-1", stored).ok
    assert not subject.verify("correct-horse-1", stored).ok


def test_the_same_password_has_another_salt_each_time() -> None:
    subject = hasher()
    assert subject.hash("Correct-Horse-1") != subject.hash("Correct-Horse-1")


def test_default_settings_hash_as_strongly_as_owasp_asks() -> None:
    settings = load(environ={}, overrides={"environment": "development"})
    found = extract_parameters(PasswordHasher(settings).hash("Correct-Horse-1"))
    assert found.type is Type.ID
    assert (found.memory_cost, found.time_cost, found.parallelism) >= (19456, 2, 1)
    assert (found.salt_len, found.hash_len) == (16, 32)


@pytest.mark.parametrize("stored", [None, "", "!", "garbage", "$argon2id$", "$argon2id$v=19$m=64,t=1,p=1$x$y"])
def test_no_user_and_no_readable_hash_cost_one_hash_like_a_wrong_password(stored: str | None) -> None:
    subject = hasher()
    real = subject.hash("Correct-Horse-1")
    subject.hashes = 0
    assert not subject.verify("wrong", real).ok
    assert subject.hashes == 1
    assert not subject.verify("wrong", stored).ok
    assert subject.hashes == 2


@pytest.mark.parametrize("stored", [None, "", "garbage", "$argon2id$", "$argon2id$v=19$m=64,t=1,p=1$x$y", "$2b$99$x"])
def test_a_hash_that_cannot_match_costs_what_a_real_one_costs(stored: str | None) -> None:
    subject = hasher(argon2_memory_kib=72)
    genuine, verified = subject._argon2, []

    def noted(text: str, secret: bytes) -> bool:
        verified.append(text)
        return genuine.verify(text, secret)

    subject._argon2 = SimpleNamespace(verify=noted)  # type: ignore[assignment]
    assert not subject.verify("wrong", stored).ok
    assert extract_parameters(verified[-1]).memory_cost == 72


def test_raised_parameters_ask_for_a_new_hash_at_login() -> None:
    stored = hasher().hash("Correct-Horse-1")
    assert not hasher().verify("Correct-Horse-1", stored).needs_rehash
    assert hasher(argon2_time_cost=2).verify("Correct-Horse-1", stored).needs_rehash
    assert not hasher(argon2_time_cost=2).verify("wrong", stored).needs_rehash


@pytest.mark.parametrize("prefix", [b"2a", b"2b"])
def test_an_imported_bcrypt_hash_verifies_and_asks_to_be_replaced(prefix: bytes) -> None:
    stored = bcrypt.hashpw(b"Correct-Horse-1", bcrypt.gensalt(4, prefix)).decode()
    found = hasher().verify("Correct-Horse-1", stored)
    assert (found.ok, found.needs_rehash) == (True, True)
    assert not hasher().verify("wrong", stored).ok
    assert hasher().verify("Correct-Horse-1", stored.replace("$2a$", "$2y$")).ok


def test_a_password_longer_than_bcrypt_takes_still_verifies() -> None:
    password = "ü" * 60
    stored = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()
    assert hasher().verify(password, stored).ok


@pytest.mark.parametrize("stored", ["$2b$04$short", "$2b$31$" + "x" * 53, "$2b$xx$" + "x" * 53, "$2b$"])
def test_a_damaged_or_unaffordable_bcrypt_hash_matches_nothing(stored: str) -> None:
    assert not hasher().verify("x", stored).ok


def test_128_characters_are_hashed_to_the_last() -> None:
    subject = hasher()
    stored = subject.hash("é" * 127 + "x")
    assert subject.verify("é" * 127 + "x", stored).ok
    assert not subject.verify("é" * 127 + "y", stored).ok


@pytest.mark.parametrize("password", ["", "x" * 129])
def test_empty_and_oversize_passwords_are_not_hashed(password: str) -> None:
    subject = hasher()
    with pytest.raises(ValueError, match="empty or too long"):
        subject.hash(password)
    assert not subject.verify(password, subject.hash("x")).ok
    assert subject.hashes == 2


def test_an_oversize_password_is_as_little_work_as_an_empty_one() -> None:
    subject, hashed = hasher(), []

    def noted(text: str, secret: bytes) -> bool:
        hashed.append(len(secret))
        raise VerifyMismatchError

    subject._argon2 = SimpleNamespace(verify=noted)  # type: ignore[assignment]
    assert not subject.verify("x" * 129, hasher().hash("x")).ok
    assert hashed == [0]


def test_two_ways_to_type_the_same_characters_are_the_same_password() -> None:
    assert prepared("e\u0301te\u0301\u00a0\u3000x") == "été  x".encode()


def test_characters_that_look_different_stay_different() -> None:
    assert prepared("ﬁ") != prepared("fi")
    assert prepared("x²") != prepared("x2")


def test_a_lone_surrogate_is_only_a_wrong_password() -> None:
    assert not hasher().verify("\ud800", hasher().hash("x")).ok


def test_no_more_hash_at_once_than_the_settings_say() -> None:
    subject, crowd = hasher(), threading.Barrier(CHEAP["argon2_concurrency"] + 1)
    crowded: list[int] = []

    def met(text: str, secret: bytes) -> bool:
        with contextlib.suppress(threading.BrokenBarrierError):
            crowded.append(crowd.wait(0.5))
        return True

    subject._argon2 = SimpleNamespace(verify=met, check_needs_rehash=lambda text: False)  # type: ignore[assignment]
    run_together([lambda: subject.verify("x", None)] * 16)
    assert subject.hashes == 16
    assert crowded == []


def test_a_full_queue_is_refused_at_once_so_that_threads_stay_free() -> None:
    subject = hasher(max_waiting=0, argon2_concurrency=1)
    inside, leave = threading.Event(), threading.Event()

    def slow(text: str, secret: bytes) -> bool:
        inside.set()
        return leave.wait(30)

    subject._argon2 = SimpleNamespace(verify=slow, check_needs_rehash=lambda text: False)  # type: ignore[assignment]
    thread = threading.Thread(target=subject.verify, args=("x", None))
    thread.start()
    assert inside.wait(30)
    with pytest.raises(TemporarilyUnavailable):
        subject.verify("x", None)
    leave.set()
    thread.join()
    assert subject.verify("x", None).ok


def test_bcrypt_waits_for_its_turn_too(monkeypatch: pytest.MonkeyPatch) -> None:
    subject = hasher()
    monkeypatch.setattr(passwords.bcrypt, "checkpw", lambda *_: True)
    assert subject.verify("x", "$2b$04$" + "x" * 53).ok
    assert subject.hashes == 1
