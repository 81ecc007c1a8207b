"""The life of a key: next, active, retired, removed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import time_machine

from authserver.protocol.errors import ConflictError, NotFound
from authserver.settings import Settings
from authserver.signing import rotation
from authserver.signing.keyring import NoActiveKey
from authserver.signing.keys import ALGORITHMS, UnsuitableKey, generate, private_bytes
from authserver.signing.rotation import DAY, PROPAGATION_SECONDS, Rotation, retention
from authserver.storage import Unit
from authserver.storage.repositories.signing_keys import SigningKeys
from tests.keys import signing
from tests.unit.signing.conftest import Safe

LEAD = 600 + PROPAGATION_SECONDS


def at_once(works: list[Callable[[], Any]]) -> list[Any]:
    """What each of these gives, all started at the same moment; an exception counts as what it is."""
    barrier, results = threading.Barrier(len(works)), []

    def run(work: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results.append(work())
        except Exception as error:
            results.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_every_algorithm_gets_one_active_key(safe: Safe) -> None:
    assert len(safe.do(safe.rotation.ensure)) == 6
    assert safe.keyring.algorithms() == ALGORITHMS
    assert {key.alg for key in safe.keyring.decryption_keys()} == {"RSA-OAEP-256", "ECDH-ES"}
    assert set(safe.states().values()) == {"active"}
    assert safe.events() == ["SigningKeyGenerated"] * 6


def test_what_is_there_is_left_alone(safe: Safe) -> None:
    safe.ensure("ES256", "EdDSA")
    before = safe.states()
    assert safe.ensure("ES256", "EdDSA") == []
    assert safe.states() == before


def test_eight_that_start_at_once_make_one_key_each(shared_safe: Safe) -> None:
    made = at_once([lambda: shared_safe.ensure("ES256", "EdDSA")] * 8)
    assert sum(map(len, made)) == 2
    assert sorted(shared_safe.states().values()) == ["active", "active"]


def test_the_database_holds_no_private_half_in_clear(safe: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    key = generate("ES256")
    monkeypatch.setattr(rotation, "generate", lambda alg: key)
    (kid,) = safe.ensure("ES256")
    row, scalar = safe.row(kid), key.private.private_numbers().private_value.to_bytes(32, "big")  # type: ignore[union-attr]
    assert scalar in private_bytes(key)
    assert scalar not in row.sealed_private
    assert "d" not in row.public_jwk


def test_a_new_key_is_published_before_it_signs(safe: Safe, frozen_time: time_machine.Traveller) -> None:
    (first,) = safe.ensure("ES256")
    planned = safe.do(safe.rotation.rotate, "ES256")
    assert not planned.is_active
    assert safe.states() == {first: "active", planned.kid: "next"}
    assert safe.keyring.find(planned.kid)
    frozen_time.shift(LEAD - 1)
    assert safe.do(safe.rotation.advance) == []
    assert safe.keyring.active("ES256").kid == first
    frozen_time.shift(1)
    assert [done.kid for done in safe.do(safe.rotation.advance)] == [planned.kid]
    assert safe.keyring.active("ES256").kid == planned.kid
    assert safe.states() == {first: "retired", planned.kid: "active"}


def test_asking_again_changes_nothing_until_the_time_has_come(safe: Safe, frozen_time: time_machine.Traveller) -> None:
    safe.ensure("ES256")
    planned = safe.do(safe.rotation.rotate, "ES256")
    assert safe.do(safe.rotation.rotate, "ES256") == planned
    frozen_time.shift(LEAD)
    assert safe.do(safe.rotation.rotate, "ES256").is_active


def test_a_key_prepared_in_time_signs_at_once(safe: Safe, frozen_time: time_machine.Traveller) -> None:
    safe.ensure("ES256")
    prepared = safe.do(safe.rotation.prepare_next, "ES256")
    assert safe.do(safe.rotation.prepare_next, "ES256") == prepared
    frozen_time.shift(LEAD)
    assert safe.do(safe.rotation.advance) == []
    assert safe.do(safe.rotation.rotate, "ES256").kid == prepared


def test_a_forced_rotation_does_not_wait(safe: Safe) -> None:
    (first,) = safe.ensure("ES256")
    done = safe.do(safe.rotation.rotate, "ES256", force=True)
    assert (done.is_active, done.previous_kid) == (True, first)
    assert safe.events()[1:] == ["SigningKeyGenerated", "SigningKeyRotated", "SigningKeyRetired"]


def test_where_nobody_may_cache_nothing_waits(safe: Safe, make_settings: Callable[..., Settings]) -> None:
    safe.ensure("ES256")
    eager = Rotation(make_settings(jwks_max_age=0), safe.sealer, safe.recorder)
    assert safe.do(eager.rotate, "ES256").is_active


def test_a_retired_key_forgets_its_private_half(safe: Safe) -> None:
    (first,) = safe.ensure("ES256")
    assert safe.row(first).sealed_private
    safe.do(safe.rotation.rotate, "ES256", force=True)
    assert safe.row(first).sealed_private is None


def test_a_retired_key_stays_until_all_it_signed_has_expired(safe: Safe, frozen_time: time_machine.Traveller) -> None:
    (first,) = safe.ensure("ES256")
    safe.do(safe.rotation.rotate, "ES256", force=True)
    frozen_time.shift(retention(safe.settings) - 1)
    safe.do(safe.rotation.advance)
    assert safe.keyring.find(first)
    frozen_time.shift(1)
    safe.do(safe.rotation.advance)
    assert safe.keyring.find(first) is None
    assert safe.states()[first] == "removed"


def test_keys_outlive_every_token_and_every_hint(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings(
        access_token_ttl=7200, id_token_ttl=3600, session_idle_ttl=10, session_max_ttl=10, session_browser_ttl=10
    )
    assert retention(settings) == 86400
    assert retention(make_settings()) == make_settings().session_max_ttl


@pytest.mark.parametrize("threads", [8])
def test_of_many_rotations_at_once_one_wins(shared_safe: Safe, threads: int) -> None:
    (first,) = shared_safe.ensure("ES256")
    prepared = shared_safe.do(shared_safe.rotation.prepare_next, "ES256")

    def rotate() -> Any:
        with shared_safe.database.unit() as unit:
            waiting = [row.kid for row in unit.signing_keys.in_state("next", "ES256")]
            return shared_safe.rotation.rotate(unit, "ES256", force=True) if waiting == [prepared] else None

    results = at_once([rotate] * threads)
    winners = [result.kid for result in results if result is not None and not isinstance(result, ConflictError)]
    # On PostgreSQL one that looked before the winner's commit and rotates after it makes a further key: that is a
    # rotation of its own, later, and no second winner of this one.
    assert winners.count(prepared) == 1
    states = shared_safe.states()
    assert states[first] == "retired"
    assert list(states.values()).count("active") == 1


@pytest.mark.parametrize(("move", "force"), [("retire", True), ("activate", True), ("schedule", False)])
def test_a_move_that_another_process_made_meanwhile_is_a_conflict(
    safe: Safe, monkeypatch: pytest.MonkeyPatch, move: str, force: bool
) -> None:
    (first,) = safe.ensure("ES256")
    monkeypatch.setattr(SigningKeys, move, lambda *_: False)
    with pytest.raises(ConflictError, match="another rotation"):
        safe.do(safe.rotation.rotate, "ES256", force=force)
    assert safe.states() == {first: "active"}


def test_a_key_is_published_once(safe: Safe) -> None:
    safe.do(safe.rotation.publish, signing("ES256"))
    with pytest.raises(ConflictError, match="already"):
        safe.do(safe.rotation.publish, signing("ES256"))


def test_an_algorithm_without_active_key_gets_one_by_rotation(safe: Safe) -> None:
    done = safe.do(safe.rotation.rotate, "ES256", force=True)
    assert done.previous_kid is None
    assert safe.states() == {done.kid: "active"}


def test_retiring_the_active_key_replaces_it(safe: Safe) -> None:
    (first,) = safe.ensure("ES256")
    done = safe.do(safe.rotation.retire, first)
    assert safe.keyring.active("ES256").kid == done.kid != first
    assert safe.keyring.find(first)


def test_retiring_a_waiting_key_removes_it(safe: Safe) -> None:
    safe.ensure("ES256")
    waiting = safe.do(safe.rotation.prepare_next, "ES256")
    assert safe.do(safe.rotation.retire, waiting) is None
    assert safe.states()[waiting] == "removed"
    assert safe.row(waiting).sealed_private is None


def test_a_key_retires_once(safe: Safe) -> None:
    (first,) = safe.ensure("ES256")
    safe.do(safe.rotation.retire, first)
    with pytest.raises(ConflictError):
        safe.do(safe.rotation.retire, first)


def test_the_active_key_cannot_be_removed(safe: Safe) -> None:
    (first,) = safe.ensure("ES256")
    with pytest.raises(ConflictError, match="retire"):
        safe.do(safe.rotation.remove, first)
    assert safe.states() == {first: "active"}


def test_a_key_is_removed_once(safe: Safe) -> None:
    (first,) = safe.ensure("ES256")
    safe.do(safe.rotation.retire, first)
    safe.do(safe.rotation.remove, first)
    with pytest.raises(ConflictError, match="already"):
        safe.do(safe.rotation.remove, first)


@pytest.mark.parametrize("move", ["retire", "remove"])
def test_unknown_keys_are_not_found(safe: Safe, move: str) -> None:
    with pytest.raises(NotFound):
        safe.do(getattr(safe.rotation, move), "unknown")


def test_unknown_algorithms_are_refused(safe: Safe) -> None:
    with pytest.raises(UnsuitableKey):
        safe.do(safe.rotation.rotate, "HS256")


def test_a_rotation_that_is_rolled_back_leaves_everything_as_it_was(safe: Safe) -> None:
    (first,) = safe.ensure("ES256")

    def rotate_and_fail(unit: Unit) -> None:
        safe.rotation.rotate(unit, "ES256", force=True)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        safe.do(rotate_and_fail)
    assert safe.states() == {first: "active"}
    assert safe.keyring.active("ES256").kid == first


def test_a_key_that_others_encrypt_to_never_signs_or_verifies(safe: Safe) -> None:
    kids = safe.ensure("RSA-OAEP-256", "ECDH-ES")
    assert safe.keyring.algorithms() == ()
    assert [safe.keyring.find(kid) for kid in kids] == [None, None]
    with pytest.raises(NoActiveKey):
        safe.keyring.active("RSA-OAEP-256")


def test_what_was_encrypted_to_a_retired_key_is_opened_while_others_may_remember_it(
    safe: Safe, frozen_time: time_machine.Traveller
) -> None:
    (first,) = safe.ensure("ECDH-ES")
    second = safe.do(safe.rotation.rotate, "ECDH-ES", force=True).kid
    assert [key.kid for key in safe.keyring.decryption_keys()] == [second, first]
    assert first.encode() not in safe.keyring.public_jwks_body()
    assert second.encode() in safe.keyring.public_jwks_body()
    frozen_time.shift(DAY)
    safe.do(safe.rotation.advance)
    assert [key.kid for key in safe.keyring.decryption_keys()] == [second]
    assert safe.row(first).sealed_private is None


def test_the_next_key_opens_from_the_moment_it_is_published(safe: Safe) -> None:
    safe.ensure("ECDH-ES")
    prepared = safe.do(safe.rotation.prepare_next, "ECDH-ES")
    assert prepared in {key.kid for key in safe.keyring.decryption_keys()}


def test_a_removed_key_opens_nothing(safe: Safe) -> None:
    (first,) = safe.ensure("ECDH-ES")
    safe.do(safe.rotation.rotate, "ECDH-ES", force=True)
    safe.do(safe.rotation.remove, first)
    assert first not in {key.kid for key in safe.keyring.decryption_keys()}
