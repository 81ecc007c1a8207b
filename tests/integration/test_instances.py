"""Several instances on one database: what one does the others know, and several that start at once make one."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from authserver.signing.rotation import Rotation
from authserver.storage import migrations
from tests.integration import remote
from tests.integration.remote import Remote
from tests.integration.served import eventually
from tests.integration.test_composed_server import SECRET, people, service, token
from tests.relying_party import Browser, RelyingParty
from tests.servers.authserver import PROGRAM, Instance, environment, is_ready
from tests.servers.postgresql import PostgreSQL
from tests.servers.process import ServerProcess, free_port
from tests.servers.redis import Redis

SNAPSHOT_SECONDS = 30
"""How long a test waits for what holds within a second where a machine has nothing else to do."""
KINDS = ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.redis])]
OFFLINE = "openid offline_access"


@dataclass
class Pair:
    """Two instances, each a process with memory of its own. Changes go through the first, or past both."""

    one: Remote
    other: Remote

    def party(self, client_id: str) -> tuple[RelyingParty, RelyingParty]:
        """A new client, as it talks to the one and to the other."""
        here = RelyingParty(self.one, *self.one.add_client(client_id))
        return here, RelyingParty(self.other, here.client_id, here.secret, verifier=here.verifier)

    def known_to_both(self, client_id: str) -> None:
        """A service that both have in memory."""
        service(self.one, client_id)
        for instance in (self.one, self.other):
            assert ask_token(instance, client_id) == 200


def ask_token(instance: Remote, client_id: str) -> int:
    """The status of a token request of a service."""
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": SECRET}
    return instance.post("/oauth2/token", form).status


def values_for(request: pytest.FixtureRequest, kind: str, directory: Path) -> dict[str, str]:
    """The settings by which instances share a fresh database, and Redis where there is one."""
    shared = {"AUTHSERVER_KEYS_DIR": str(directory / "keys")}
    if kind == "sqlite":
        return shared | {"AUTHSERVER_DATABASE_URL": f"sqlite:///{directory / 'shared.db'}"}
    cluster: PostgreSQL = request.getfixturevalue("postgresql")
    redis: Redis = request.getfixturevalue("_redis")
    return shared | {
        "AUTHSERVER_DATABASE_URL": cluster.url(cluster.create()),
        "AUTHSERVER_REDIS_URL": redis.url,
        "AUTHSERVER_DATABASE_POOL_SIZE": "4",
    }


@pytest.fixture(params=KINDS, scope="module")
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two instances, one on each server."""
    directory = tmp_path_factory.mktemp("pair")
    values = values_for(request, request.param, directory) | {"AUTHSERVER_RATE_LIMIT_REVOKE": "6/hour"}
    (directory / "one").mkdir()
    (directory / "other").mkdir()
    with ExitStack() as stack:
        one = stack.enter_context(remote.serving(directory / "one", "granian", values))
        second = values | {"AUTHSERVER_ISSUER": one.settings.issuer}
        other = stack.enter_context(remote.serving(directory / "other", "gunicorn", second))
        people(one)
        yield Pair(one, other)


# --- at once ----------------------------------------------------------------------------------


def revoke(pair: Pair, party: RelyingParty, tokens: dict[str, Any]) -> None:
    assert party.ask("revoke", tokens["access_token"]).status == 200


def revoke_the_refresh_token(pair: Pair, party: RelyingParty, tokens: dict[str, Any]) -> None:
    assert party.ask("revoke", tokens["refresh_token"]).status == 200


def disable_the_client(pair: Pair, party: RelyingParty, tokens: dict[str, Any]) -> None:
    pair.one.registration.disable(party.client_id)


def disable_the_user(pair: Pair, party: RelyingParty, tokens: dict[str, Any]) -> None:
    with pair.one.unit() as unit:
        pair.one.services.users.disable(unit, pair.one.services.users.get(unit, party.client_id))


@pytest.mark.parametrize("end", [revoke, revoke_the_refresh_token, disable_the_client, disable_the_user])
def test_what_ends_in_one_is_dead_in_the_other_at_once(pair: Pair, end: Callable[..., None]) -> None:
    name = end.__name__.replace("_", "-")
    pair.one.add_user(name)
    here, there = pair.party(name)
    tokens = here.redeem(here.sign_in(Browser(pair.one), name, scope=OFFLINE)["code"]).json
    assert there.introspect(tokens["access_token"])["active"] is True
    assert there.userinfo(tokens["access_token"]).status == 200
    end(pair, here, tokens)
    assert there.userinfo(tokens["access_token"]).status == 401
    if end is not revoke:
        assert there.refresh(tokens["refresh_token"]).status in {400, 401}
    if end is not disable_the_client:
        assert there.introspect(tokens["access_token"]) == {"active": False}


def test_a_disabled_client_gets_no_token_of_its_own_anywhere_at_once(pair: Pair) -> None:
    pair.known_to_both("switched-off")
    pair.one.registration.disable("switched-off")
    assert ask_token(pair.other, "switched-off") == 401
    assert ask_token(pair.one, "switched-off") == 401


def test_a_code_from_one_is_redeemed_at_the_other_once(pair: Pair) -> None:
    here, there = pair.party("wanderer")
    code = here.code(Browser(pair.one))
    assert there.redeem(code).status == 200
    assert here.redeem(code).status == 400


def test_a_session_begun_at_one_goes_on_at_the_other(pair: Pair) -> None:
    here, there = pair.party("commuter")
    browser = Browser(pair.one)
    here.sign_in(browser)
    browser.installation = pair.other
    assert "code" in there.response(there.request(browser, prompt="none"))


def test_a_token_of_a_new_key_is_good_at_the_other_at_once(pair: Pair) -> None:
    services = pair.one.services
    assert token(pair.other)  # it has the keys in memory
    with pair.one.unit() as unit:
        fresh = Rotation(pair.one.settings, services.crypto.sealer, services.recorder).rotate(unit, "RS256", force=True)
    issued: list[str] = []

    def signs_with_the_new_key() -> bool:
        issued.append(token(pair.one))
        return jose_header(issued[-1])["kid"] == fresh.kid

    eventually(signs_with_the_new_key, "one goes on signing with the old key", SNAPSHOT_SECONDS)
    form = {"token": issued[-1], "client_id": "batch", "client_secret": SECRET}
    assert pair.other.post("/oauth2/introspect", form).json["active"] is True
    assert fresh.kid in {key["kid"] for key in pair.other.get("/.well-known/jwks.json").json["keys"]}


def jose_header(value: str) -> dict[str, Any]:
    """The header of a JWT, unverified."""
    head = value.partition(".")[0]
    return dict(json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))))


# --- within a second --------------------------------------------------------------------------


def test_a_changed_client_is_seen_within_a_second(pair: Pair) -> None:
    _, there = pair.party("changing")
    elsewhere = "https://app.example/elsewhere"
    assert there.request(Browser(pair.other), redirect_uri=elsewhere).status == 400
    pair.one.registration.update("changing", {"redirect_uris": (elsewhere,)})
    eventually(
        lambda: there.request(Browser(pair.other), redirect_uri=elsewhere).status == 200,
        "the new redirect URI is not known",
        SNAPSHOT_SECONDS,
    )


def test_a_rotated_secret_is_seen_within_a_second(pair: Pair) -> None:
    pair.known_to_both("rotating")
    pair.one.registration.rotate_secret("rotating", overlap=0)
    eventually(lambda: ask_token(pair.other, "rotating") == 401, "the old secret is still good", SNAPSHOT_SECONDS)


def test_a_new_resource_is_seen_within_a_second(pair: Pair) -> None:
    pair.one.add_resource("https://new-api.example", scopes=("new-api:read",))
    eventually(
        lambda: "new-api:read" in pair.other.get("/.well-known/openid-configuration").json["scopes_supported"],
        "metadata does not name the new scope",
        SNAPSHOT_SECONDS,
    )


def test_limits_are_counted_together(pair: Pair) -> None:
    statuses = [
        instance.seen_from("127.0.0.8").post("/oauth2/revoke", {"token": "x", "client_id": "a"}).status
        for instance in (pair.one, pair.other) * 4
    ]
    assert statuses == [401] * 6 + [429] * 2


# --- at the start -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_eight_that_initialise_and_serve_at_once_make_one_installation(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    ports = [free_port() for _ in range(8)]
    values = values_for(request, kind, tmp_path) | {"AUTHSERVER_ISSUER": f"http://127.0.0.1:{ports[0]}"}
    instances = [starting(tmp_path / str(port), port, values) for port in ports]
    with ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        for instance in instances:
            stack.callback(instance.process.stop)
        list(pool.map(lambda instance: instance.process.start(), instances))
        first = remote.opened(instances[0])
        stack.enter_context(closing(first.mounted.services))
        assert migrations.check(first.services.database) == []
        with first.reading() as unit:
            assert [user.username for user in unit.users.page(10)] == ["admin"]
        files = [path for path in tmp_path.glob("*/instance/admin-password") if path.read_text().strip()]
        assert len(files) == 1
        documents = {replace(first, instance=one).get("/.well-known/jwks.json").body for one in instances}
        assert len(documents) == 1
        keys = json.loads(documents.pop())["keys"]
        assert len({key["alg"] for key in keys}) == len(keys) > 0


def starting(directory: Path, port: int, values: dict[str, str]) -> Instance:
    """An instance that will initialise whatever there is and serve."""
    directory.mkdir()
    environ = environment(directory, port, values)
    script = f"{PROGRAM} init && exec {PROGRAM} serve --port {port}"
    process = ServerProcess(
        ["sh", "-c", script],
        directory / "log",
        ready=lambda: is_ready(port),
        environ=environ,
        cwd=directory,
        start_seconds=150,
    )
    return Instance(port, environ, directory, process)
