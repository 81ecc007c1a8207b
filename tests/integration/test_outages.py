"""What goes on, and what says so, while Redis or the database is away."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.integration import remote
from tests.integration.remote import Remote
from tests.integration.served import eventually
from tests.integration.test_composed_server import people, token
from tests.relying_party import Browser, RelyingParty
from tests.servers import postgresql as postgresql_server
from tests.servers import redis as redis_server
from tests.servers.authserver import Server
from tests.servers.postgresql import PostgreSQL
from tests.servers.redis import Redis

LIMITS = {"AUTHSERVER_RATE_LIMIT_REVOKE": "8/hour", "AUTHSERVER_WORKERS": "1", "AUTHSERVER_DATABASE_POOL_TIMEOUT": "1"}


@dataclass
class Surroundings:
    """The product, and the servers that a test stops and starts again."""

    product: Remote
    database: PostgreSQL
    redis: Redis


@pytest.fixture(params=["granian", "gunicorn"], scope="module")
def surrounded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surroundings]:
    """A product on a PostgreSQL and a Redis of its own."""
    for reason in (postgresql_server.missing(), redis_server.missing()):
        if reason is not None:
            pytest.skip(reason)
    server: Server = request.param
    with postgresql_server.running() as cluster, redis_server.running() as redis:
        values = LIMITS | {"AUTHSERVER_DATABASE_URL": cluster.url(cluster.create()), "AUTHSERVER_REDIS_URL": redis.url}
        with remote.serving(tmp_path_factory.mktemp("outages"), server, values) as product:
            people(product)
            yield Surroundings(product, cluster, redis)


def ready(product: Remote) -> tuple[int, str]:
    """What a load balancer hears."""
    answer = product.get("/health/ready")
    return answer.status, answer.json["status"]


def becomes(product: Remote, wanted: tuple[int, str]) -> None:
    """Wait until readiness says so; it may lag by two seconds."""
    eventually(lambda: ready(product) == wanted, f"readiness is {ready(product)}")


pytestmark = [pytest.mark.postgresql, pytest.mark.redis]


def test_without_redis_everything_works_and_readiness_says_degraded(surrounded: Surroundings) -> None:
    product = surrounded.product
    becomes(product, (200, "ok"))
    assert "events wait" in product.get("/health").json["components"]["queue"]["detail"]
    surrounded.redis.process.stop()
    becomes(product, (200, "degraded"))
    assert product.get("/health").json["components"]["redis"]["status"] == "down"
    party = RelyingParty(product, *product.add_client("without-redis"))
    tokens = party.tokens(Browser(product), scope="openid offline_access")
    assert party.introspect(tokens["access_token"])["active"] is True
    assert party.refresh(tokens["refresh_token"]).status == 200
    # The limiter inside the process takes over, and is stricter.
    hasty = product.seen_from("127.0.0.9")
    statuses = [hasty.post("/oauth2/revoke", {"token": "x", "client_id": "a"}).status for _ in range(8)]
    assert statuses == [401, 401] + [429] * 6
    surrounded.redis.process.start()
    becomes(product, (200, "ok"))
    assert party.tokens(Browser(product))["access_token"]


def test_without_the_database_requests_are_turned_away_until_it_is_back(surrounded: Surroundings) -> None:
    product = surrounded.product
    assert token(product)
    surrounded.database.process.stop(signal.SIGINT)
    becomes(product, (503, "down"))
    assert product.get("/health/live").status == 200
    for answer in (
        product.post("/oauth2/token", {"grant_type": "authorization_code", "code": "x", "client_id": "app"}),
        product.get("/login?interaction=x&step=y"),
        product.get("/"),
    ):
        assert answer.status in {400, 401, 503}, answer.text[:300]
        assert "psycopg" not in answer.text.lower()
    away = product.get(RelyingParty(product, "never-seen").authorization_url())
    assert (away.status, away.header("Retry-After")) == (503, "1")
    assert "error-reference" in away.text
    surrounded.database.process.start()
    becomes(product, (200, "ok"))
    assert token(product)
