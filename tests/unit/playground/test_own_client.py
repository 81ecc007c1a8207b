"""The playground's own client: there where the playground is, up to date, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from authserver.cli.init import AdministratorWish, initialise
from authserver.cli.installation import Installation as CommandLine
from authserver.clients.directory import Client
from authserver.playground.own_client import CLIENT_ID, OwnClient, withdraw
from authserver.settings import Settings
from tests.installation import Installation


@pytest.fixture
def playground(make_server: Callable[..., Installation]) -> Installation:
    """A server with the playground on."""
    return make_server(playground=True)


def registered(installation: Installation) -> Client | None:
    """The client after a visit."""
    OwnClient(installation.services).ensure()
    found: Client | None = installation.services.clients.find(CLIENT_ID)
    return found


def test_the_first_visit_registers_a_public_client(playground: Installation) -> None:
    assert playground.services.clients.find(CLIENT_ID) is None
    client = registered(playground)
    assert client is not None
    assert client.is_public
    assert client.redirect_uris == ("http://127.0.0.1:8000/playground/callback",)
    assert client.post_logout_redirect_uris == ("http://127.0.0.1:8000/playground",)
    assert "offline_access" in client.scopes


def test_a_visit_that_finds_all_in_order_writes_nothing(playground: Installation) -> None:
    registered(playground)
    with playground.reading() as unit:
        before = unit.versions.read()
    registered(playground)
    with playground.reading() as unit:
        assert unit.versions.read() == before


def test_new_scopes_and_resources_can_be_asked_for(playground: Installation) -> None:
    registered(playground)
    uri = playground.add_resource(scopes=("orders.read",))
    client = registered(playground)
    assert client is not None
    assert "orders.read" in client.scopes
    assert client.resources == (uri,)


def test_another_port_is_followed(playground: Installation, make_server: Callable[..., Installation]) -> None:
    registered(playground)
    playground.registration.update(CLIENT_ID, {"redirect_uris": ("http://127.0.0.1:9000/playground/callback",)})
    playground.services.clients.forget()
    client = registered(playground)
    assert client is not None
    assert client.redirect_uris == ("http://127.0.0.1:8000/playground/callback",)


def test_somebody_elses_client_of_this_name_is_left_alone(playground: Installation) -> None:
    playground.add_client(CLIENT_ID, redirect_uris=("https://app.example/cb",))
    client = registered(playground)
    assert client is not None
    assert client.redirect_uris == ("https://app.example/cb",)
    assert not withdraw(playground.services.database, playground.registration)


def test_it_is_withdrawn_once(playground: Installation) -> None:
    registered(playground)
    assert withdraw(playground.services.database, playground.registration)
    assert not withdraw(playground.services.database, playground.registration)


@pytest.mark.parametrize("is_on", [True, False])
def test_init_removes_it_where_the_playground_is_off(
    playground: Installation, make_settings: Callable[..., Settings], is_on: bool
) -> None:
    registered(playground)
    settings = make_settings(playground=is_on)
    initialise(CommandLine(settings, playground.services.database), AdministratorWish(password="Correct-Horse-7"))
    with playground.reading() as unit:
        assert (unit.clients.find(CLIENT_ID) is not None) == is_on
