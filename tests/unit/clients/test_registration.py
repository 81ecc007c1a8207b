"""Registering, changing and removing clients."""

from __future__ import annotations

from dataclasses import replace

import pytest

from authserver.clients.metadata import ClientMetadata
from authserver.clients.registration import ClientRegistration, metadata_of
from authserver.crypto.secrets import ClientSecrets
from authserver.events.catalog import ClientUpdated
from authserver.protocol.errors import ConflictError, NotFound, ValidationError
from authserver.protocol.identifiers import looks_like_id, new_id
from authserver.storage import Database
from authserver.storage.models.clients import AuthorizationType, Resource, Scope
from authserver.storage.models.users import User
from tests.recorders import RememberingRecorder

PUBLIC = {"token_endpoint_auth_method": "none"}


def test_confidential_client_receives_a_secret_of_which_only_the_digest_is_stored(
    database: Database, registration: ClientRegistration, client_secrets: ClientSecrets, web_client: ClientMetadata
) -> None:
    made = registration.create(web_client)
    assert made.secret is not None
    with database.reading() as unit:
        (stored,) = unit.client_secrets.live(made.client.id)
    assert stored.digest == client_secrets.digest(made.secret)
    assert stored.sealed is None


def test_generated_id_is_not_shaped_like_the_id_of_a_user(
    registration: ClientRegistration, web_client: ClientMetadata
) -> None:
    assert not looks_like_id(registration.create(web_client).client.id)


def test_chosen_id_may_not_look_like_a_user_id(registration: ClientRegistration, web_client: ClientMetadata) -> None:
    with pytest.raises(ValidationError, match="user id"):
        registration.create(web_client, client_id=new_id())


@pytest.mark.parametrize("client_id", ["", "a b", "naïve", "x" * 256, "line\n"])
def test_chosen_id_has_visible_ascii_characters(
    registration: ClientRegistration, web_client: ClientMetadata, client_id: str
) -> None:
    with pytest.raises(ValidationError, match="client id"):
        registration.create(web_client, client_id=client_id)


@pytest.mark.parametrize("secret", ["short", "x" * 513, "line\nbreak-in-it", "naïve-secret"])
def test_chosen_secret_is_checked(registration: ClientRegistration, web_client: ClientMetadata, secret: str) -> None:
    with pytest.raises(ValidationError, match="client secret"):
        registration.create(web_client, secret=secret)


def test_chosen_id_and_secret_are_kept(registration: ClientRegistration, web_client: ClientMetadata) -> None:
    made = registration.create(web_client, client_id="shop", secret="a-secret-of-mine")
    assert (made.client.id, made.secret) == ("shop", "a-secret-of-mine")


def test_id_that_is_taken_is_a_conflict(registration: ClientRegistration, web_client: ClientMetadata) -> None:
    registration.create(web_client, client_id="shop")
    with pytest.raises(ConflictError):
        registration.create(web_client, client_id="shop")


def test_public_client_has_no_secret(registration: ClientRegistration, web_client: ClientMetadata) -> None:
    public = replace(web_client, **PUBLIC)
    assert registration.create(public).secret is None
    with pytest.raises(ValidationError, match="without a secret"):
        registration.create(public, secret="a-secret-of-mine")
    with pytest.raises(ValidationError, match="without a secret"):
        registration.rotate_secret(registration.create(public).client.id)


def test_stored_client_gives_back_what_was_registered(
    database: Database, registration: ClientRegistration, web_client: ClientMetadata
) -> None:
    wanted = replace(web_client, policy={"consent": "always"}, origins=("https://shop.example",), contacts=("a@b.c",))
    made = registration.create(wanted)
    with database.reading() as unit:
        assert metadata_of(unit.clients.get(made.client.id)) == wanted


def test_update_raises_the_version_and_names_what_changed(
    recorder: RememberingRecorder, registration: ClientRegistration, web_client: ClientMetadata
) -> None:
    client_id = registration.create(web_client).client.id
    updated = registration.update(client_id, {"name": "Market", "scopes": frozenset({"openid"})})
    assert (updated.client.name, updated.client.version) == ("Market", 2)
    assert recorder.events[-1] == ClientUpdated(client_id=client_id, changed=("name", "scopes"))


def test_update_that_changes_nothing_is_no_change(
    recorder: RememberingRecorder, registration: ClientRegistration, web_client: ClientMetadata
) -> None:
    client_id = registration.create(web_client).client.id
    assert registration.update(client_id, {"name": "Shop"}).client.version == 1
    assert recorder.types == ["ClientCreated"]


def test_client_that_becomes_confidential_receives_a_secret_and_loses_it_again(
    database: Database, registration: ClientRegistration, web_client: ClientMetadata
) -> None:
    client_id = registration.create(replace(web_client, **PUBLIC)).client.id
    assert registration.update(client_id, {"token_endpoint_auth_method": "client_secret_post"}).secret is not None
    assert registration.update(client_id, PUBLIC).secret is None
    with database.reading() as unit:
        assert unit.client_secrets.live(client_id) == []


def test_rotation_ends_the_old_secret_at_once_or_after_an_overlap(
    database: Database, registration: ClientRegistration, web_client: ClientMetadata
) -> None:
    client_id = registration.create(web_client).client.id
    registration.rotate_secret(client_id)
    with database.reading() as unit:
        assert len(unit.client_secrets.live(client_id)) == 1
    registration.rotate_secret(client_id, overlap=60)
    with database.reading() as unit:
        assert len(unit.client_secrets.live(client_id)) == 2


@pytest.mark.parametrize("overlap", [-1, 30 * 86400 + 1])
def test_overlap_is_bounded(registration: ClientRegistration, web_client: ClientMetadata, overlap: int) -> None:
    client_id = registration.create(web_client).client.id
    with pytest.raises(ValidationError, match="overlap"):
        registration.rotate_secret(client_id, overlap=overlap)


def test_disabling_and_enabling_are_recorded_once(
    recorder: RememberingRecorder, registration: ClientRegistration, web_client: ClientMetadata
) -> None:
    client_id = registration.create(web_client).client.id
    for _ in range(2):
        assert registration.disable(client_id).enabled is False
    assert registration.enable(client_id).enabled is True
    assert recorder.types == ["ClientCreated", "ClientDisabled", "ClientEnabled"]


def test_deletion_takes_grants_and_consents_along(
    database: Database, registration: ClientRegistration, web_client: ClientMetadata
) -> None:
    client_id = registration.create(web_client).client.id
    with database.unit() as unit:
        user = unit.users.add(User(username="ada", username_key="ada"))
        unit.consents.remember(user.id, client_id, frozenset({"openid"}), frozenset())
    registration.delete(client_id)
    with database.reading() as unit:
        assert unit.clients.find(client_id) is None
        assert unit.consents.find(user.id, client_id) is None
    with pytest.raises(NotFound):
        registration.delete(client_id)


def test_refused_registration_leaves_nothing(
    database: Database, registration: ClientRegistration, web_client: ClientMetadata
) -> None:
    with pytest.raises(ValidationError, match="unknown scope"):
        registration.create(replace(web_client, scopes=frozenset({"nonsense"})), client_id="shop")
    with database.reading() as unit:
        assert unit.clients.find("shop") is None
        assert unit.versions.read().get("clients", 0) == 0


def test_what_went_out_of_the_catalogue_does_not_keep_a_client_from_being_changed(
    database: Database, registration: ClientRegistration, web_client: ClientMetadata
) -> None:
    details = replace(web_client.extensions, authorization_details_types=("payment",))
    with database.unit() as unit:
        unit.scopes.add(Scope(name="orders"))
        unit.resources.add(Resource(id="https://orders.example", name="Orders"))
        unit.authorization_types.add(AuthorizationType(type="payment", name="Payment", words="", schema={}))
    held = {"scopes": frozenset({"orders"}), "resources": ("https://orders.example",), "extensions": details}
    registration.create(replace(web_client, **held), client_id="shop")
    with database.unit() as unit:
        unit.scopes.delete("orders")
        unit.resources.delete("https://orders.example")
        unit.authorization_types.delete("payment")
    assert registration.update("shop", {"name": "Shop"}).client.name == "Shop"
    for gone in ({"scopes": frozenset({"orders"})}, {"resources": held["resources"]}, {"extensions": details}):
        with pytest.raises(ValidationError):
            registration.create(replace(web_client, **gone))
