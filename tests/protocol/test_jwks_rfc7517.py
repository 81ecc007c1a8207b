"""The published key set (RFC 7517 §5)."""

from __future__ import annotations

from typing import Any

import time_machine

from authserver.signing.rotation import Rotation
from tests.installation import Answer, Installation
from tests.relying_party import RelyingParty

URL = "/.well-known/jwks.json"
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def rotation(server: Installation) -> Rotation:
    return Rotation(server.settings, server.services.crypto.sealer, server.services.recorder)


def kids(answer: Answer) -> list[str]:
    return [key["kid"] for key in answer.json["keys"]]


def rotate(server: Installation, alg: str = "RS256") -> None:
    with server.unit() as unit:
        rotation(server).rotate(unit, alg, force=True)
    server.services.keyring.refresh()


def test_keys_are_public_and_say_what_they_are_for(server: Installation) -> None:
    answer = server.get(URL)
    assert (answer.status, answer.header("Content-Type")) == (200, "application/jwk-set+json")
    assert len(kids(answer)) == len(set(kids(answer))) == 2
    for key in answer.json["keys"]:
        assert key["use"] == "sig"
        assert key["alg"] in {"RS256", "ES256"}
        assert not key.keys() & PRIVATE


def test_it_may_be_kept_and_asked_for_again_cheaply(server: Installation) -> None:
    answer = server.get(URL)
    assert answer.all("Cache-Control") == [f"public, max-age={server.settings.jwks_max_age}"]
    tag = answer.header("ETag") or ""
    for condition in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = server.get(URL, headers={"If-None-Match": condition})
        assert (again.status, again.body, again.header("ETag")) == (304, b"", tag)
    assert server.get(URL, headers={"If-None-Match": '"other"'}).status == 200


def test_head_answers_without_a_body(server: Installation) -> None:
    answer = server.request("HEAD", URL)
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.header("Content-Length") or 0) > 0


def test_rotation_keeps_the_old_key_and_its_tokens(server: Installation, relying_party: RelyingParty) -> None:
    before, token = server.get(URL), relying_party.tokens()["access_token"]
    rotate(server)
    after = server.get(URL)
    assert set(kids(before)) < set(kids(after))
    assert after.header("ETag") != before.header("ETag")
    assert server.get(URL, headers={"If-None-Match": before.header("ETag") or ""}).status == 200
    assert relying_party.introspect(token)["active"] is True
    assert relying_party.userinfo(token).status == 200


def test_new_tokens_are_signed_with_the_new_key(server: Installation, relying_party: RelyingParty) -> None:
    headers: list[Any] = [relying_party.tokens()["access_token"].partition(".")[0]]
    rotate(server)
    headers.append(relying_party.tokens()["access_token"].partition(".")[0])
    assert headers[0] != headers[1]


def test_a_key_that_was_retired_long_ago_is_gone(frozen_time: time_machine.Traveller, server: Installation) -> None:
    before = set(kids(server.get(URL)))
    rotate(server)
    frozen_time.shift(400 * 86400)
    with server.unit() as unit:
        rotation(server).advance(unit)
    server.services.keyring.refresh()
    assert len(before & set(kids(server.get(URL)))) == 1
