"""openid-client and oauth4webapi, which nobody here wrote, sign a person in; they check every answer themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.node_script import walk
from tests.integration.person import Person, add_person
from tests.servers import npm
from tests.servers.authserver import Instance, running

pytestmark = pytest.mark.node

APPLICATION = "http://127.0.0.1:9/callback"
SCOPE = "openid profile email offline_access"
RESOURCE = "https://api.example/orders"


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """A server with a person and a resource."""
    if reason := npm.missing():
        pytest.skip(reason)
    with running(tmp_path_factory.mktemp("node")) as served:
        add_person(served)
        served.create("resources", "--id", RESOURCE, "--name", "Orders", "--scope", "orders.read")
        yield served


def registered(instance: Instance, *options: str) -> dict[str, Any]:
    """A client, as the scripts take it."""
    made = instance.create(
        "clients",
        *("--name", "Node", "--redirect-uri", APPLICATION, "--scope", SCOPE),
        *("--post-logout-redirect-uri", "http://127.0.0.1:9/signed-out"),
        *options,
    )
    return {
        "issuer": instance.issuer,
        "client_id": made["client_id"],
        "client_secret": made.get("client_secret"),
        "redirect_uri": APPLICATION,
        "algorithm": "RS256",
    }


@pytest.mark.parametrize("options", [(), ("--public",)], ids=["confidential", "public"])
def test_openid_client_walks_the_whole_way(instance: Instance, options: tuple[str, ...]) -> None:
    person = Person(instance.issuer)
    steps = walk("openid_client.mjs", person, registered(instance, *options), "leave")
    subject = steps["tokens"]["claims"]["sub"]
    assert steps["tokens"]["scope"].split() == sorted(SCOPE.split())
    assert (steps["userinfo"]["sub"], steps["userinfo"]["name"]) == (subject, "Ada Lovelace")
    assert (steps["refreshed"]["claims"]["sub"], steps["refreshed"]["rotated"]) == (subject, True)
    assert steps["revoked"]["refresh"] == {"error": "invalid_grant"}
    assert "error" in steps["revoked"]["userinfo"]
    if not options:
        assert (steps["introspected"]["active"], steps["introspected"]["sub"]) == (True, subject)
        assert steps["revoked"]["introspection"] == {"active": False}


def test_the_logout_address_of_openid_client_signs_out_and_leads_back(instance: Instance) -> None:
    person = Person(instance.issuer)
    leave = walk("openid_client.mjs", person, registered(instance), "leave")["leave"]
    answer = person.http.get(leave["url"], allow_redirects=False, timeout=60)
    assert answer.headers["Location"] == f"http://127.0.0.1:9/signed-out?state={leave['state']}"
    again = person.follow(person.http.get(f"{instance.issuer}/", timeout=60))
    assert "Nobody is signed in" in again.text


def test_oauth4webapi_finds_nothing_wrong(instance: Instance) -> None:
    grants = ("--grant", "authorization_code", "refresh_token", "client_credentials")
    options = (*grants, "--auth-method", "client_secret_post", "--resource", RESOURCE)
    configuration = registered(instance, *options) | {"resource": RESOURCE}
    steps = walk("oauth4webapi.mjs", Person(instance.issuer), configuration, "revoked")
    access = steps["access"]["claims"]
    assert steps["discovered"]["same"]
    assert (access["sub"], access["client_id"]) == (steps["tokens"]["claims"]["sub"], configuration["client_id"])
    assert (steps["replayed"]["error"], steps["replayed"]["status"]) == ("invalid_grant", 400)
    assert steps["replayed"]["introspection"] == {"active": False}
    assert steps["own"]["token_type"] == "bearer"
    assert steps["revoked"]["answer"] is None
