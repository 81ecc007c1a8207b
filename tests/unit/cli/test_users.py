"""`authserver users`."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from authserver.events.persons import PersonKeys
from authserver.services import wire
from authserver.settings import load
from authserver.storage.models.grants import Grant
from tests.unit.cli.conftest import CommandLine

ADA = ("users", "create", "--email", "Ada@Example.com", "--username", "ada")
PASSWORD = "Correct-horse-7"


@pytest.fixture
def ada(authserver: CommandLine) -> dict[str, Any]:
    """A person with a password."""
    authserver(*ADA, "--password-stdin", "--verified", stdin=f"{PASSWORD}\n")
    shown: dict[str, Any] = authserver.json("users", "show", "ada")
    return shown


def test_an_account_is_printed_with_the_words_of_the_standards(ada: dict[str, Any]) -> None:
    shown = {name: ada[name] for name in ("preferred_username", "email", "email_verified", "has_password")}
    assert shown == {
        "preferred_username": "ada",
        "email": "Ada@Example.com".replace("Example", "example"),
        "email_verified": True,
        "has_password": True,
    }
    assert isinstance(ada["updated_at"], int)
    assert PASSWORD not in json.dumps(ada)
    assert "argon2" not in json.dumps(ada)


@pytest.mark.parametrize("name", ["ada", "ADA@example.com", "sub"])
def test_id_address_and_user_name_name_a_person(authserver: CommandLine, ada: dict[str, Any], name: str) -> None:
    assert authserver.json("users", "show", ada["sub"] if name == "sub" else name)["sub"] == ada["sub"]


@pytest.mark.parametrize(
    ("args", "stdin", "said"),
    [
        (("--email", "ada@example.com"), None, "Email already exists"),
        (("--email", "x@example.com", "--username", "ADA"), None, "Username already exists"),
        (("--email", "x"), None, "The e-mail address is not valid."),
        (("--email", "x@example.com", "--username", "a@b"), None, "must not contain an @"),
        (("--email", "x@example.com", "--password-stdin"), "abc", "at least 8 characters"),
        (("--email", "x@example.com", "--password-stdin"), "X@example.com", "must not be your user name"),
    ],
)
def test_refusals_are_one_line(
    authserver: CommandLine, ada: dict[str, Any], args: tuple[str, ...], stdin: str | None, said: str
) -> None:
    code, line = authserver.refusal("users", "create", *args, stdin=stdin)
    assert code == 1
    assert said in line


def test_people_are_listed_and_searched(authserver: CommandLine, ada: dict[str, Any]) -> None:
    authserver("users", "create", "--email", "bob@example.com")
    assert [one["email"] for one in authserver.json("users", "list")] == ["Ada@example.com", "bob@example.com"]
    assert [one["email"] for one in authserver.json("users", "list", "--search", "BOB")] == ["bob@example.com"]
    assert "bob@example.com" in authserver("users", "list")


def test_claims_come_from_a_file_or_from_standard_input(
    authserver: CommandLine, ada: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "claims.json"
    path.write_text('{"given_name": "Ada", "birthdate": "1815-12-10"}')
    assert authserver.json("users", "update", "ada", "--claims", str(path))["birthdate"] == "1815-12-10"
    changed = authserver.json("users", "update", "ada", "--claims", "-", stdin='{"birthdate": null, "locale": "en"}')
    assert (changed["given_name"], changed["locale"], "birthdate" in changed) == ("Ada", "en", False)


@pytest.mark.parametrize(
    ("claims", "code", "said"),
    [
        ("{", 2, "not JSON"),
        ("[]", 2, "not a JSON object"),
        ('{"gender": 1, "shoe_size": 42}', 1, "gender: must be a text. shoe_size: There is no such claim"),
        ('{"preferred_username": "admin"}', 1, "Username already exists"),
    ],
)
def test_wrong_claims_change_nothing(
    authserver: CommandLine, ada: dict[str, Any], claims: str, code: int, said: str
) -> None:
    authserver("users", "create", "--email", "admin@example.com", "--username", "admin")
    given, line = authserver.refusal("users", "update", "ada", "--claims", "-", stdin=claims)
    assert given == code
    assert said in line
    assert authserver.json("users", "show", "ada") == ada


def test_an_update_of_nothing_is_wrong_usage(authserver: CommandLine, ada: dict[str, Any]) -> None:
    assert authserver.refusal("users", "update", "ada")[0] == 2


def test_standard_input_holds_one_thing(authserver: CommandLine) -> None:
    assert authserver.refusal(*ADA, "--password-stdin", "--claims", "-", stdin="x")[0] == 2


def test_roles_are_given(authserver: CommandLine, ada: dict[str, Any]) -> None:
    made = authserver.json("users", "create", "--email", "root@example.com", "--admin", "--role", "auditor")
    assert made["roles"] == ["admin", "auditor"]
    assert authserver.json("users", "update", "ada", "--admin")["roles"] == ["admin"]


def test_an_account_is_disabled_and_enabled(authserver: CommandLine, ada: dict[str, Any]) -> None:
    disabled = authserver.json("users", "disable", "ada", "--reason", "left")
    assert (disabled["active"], disabled["status"]) == (False, "suspended")
    enabled = authserver.json("users", "enable", "ada")
    assert (enabled["active"], enabled["status"]) == (True, "active")


def test_a_reset_prints_a_one_time_password_that_must_be_changed(authserver: CommandLine, ada: dict[str, Any]) -> None:
    reset = authserver.json("users", "reset-password", "ada")
    assert len(reset["one_time_password"]) >= 20
    assert reset["password_must_change"]
    assert "one_time_password" not in authserver.json("users", "show", "ada")


def test_a_reset_takes_a_password_from_standard_input(authserver: CommandLine, ada: dict[str, Any]) -> None:
    reset = authserver.json("users", "reset-password", "ada", "--password-stdin", stdin="Another-horse-8\n")
    assert "one_time_password" not in reset
    assert not reset["password_must_change"]
    assert authserver.refusal("users", "reset-password", "ada", "--password-stdin", stdin="abc\n")[0] == 1


@pytest.mark.parametrize("command", ["show", "disable", "enable", "reset-password"])
def test_a_stranger_is_refused(authserver: CommandLine, command: str) -> None:
    code, line = authserver.refusal("users", command, "nobody")
    assert (code, line) == (1, "authserver: There is no such user.")


@pytest.fixture
def consented(authserver: CommandLine, ada: dict[str, Any]) -> dict[str, Any]:
    """A person who allowed the client `shop` something, for good and offline."""
    authserver("clients", "create", "--name", "Shop", "--id", "shop")
    with closing(wire(load(environ=authserver.environ))) as services, services.database.unit() as unit:
        unit.consents.remember(ada["sub"], "shop", frozenset({"openid", "email"}), frozenset())
        unit.grants.add(Grant(client_id="shop", user_id=ada["sub"], offline=True))
    return ada


def _grants(authserver: CommandLine, sub: str) -> list[bool]:
    with closing(wire(load(environ=authserver.environ))) as services, services.database.reading() as unit:
        return [grant.revoked_at is None for grant in unit.session.scalars(select(Grant).where(Grant.user_id == sub))]


def test_consents_are_listed(authserver: CommandLine, consented: dict[str, Any]) -> None:
    (found,) = authserver.json("users", "consents", "ada")
    assert (found["client_id"], found["scope"], found["resources"]) == ("shop", "email openid", [])
    assert "email openid" in authserver("users", "consents", "ada")
    assert _grants(authserver, consented["sub"]) == [True]


def test_a_consent_that_is_taken_back_ends_its_grants(authserver: CommandLine, consented: dict[str, Any]) -> None:
    assert authserver.json("users", "consents", "ada", "--revoke", "shop") == []
    assert _grants(authserver, consented["sub"]) == [False]


def test_a_consent_that_was_not_given_cannot_be_taken_back(authserver: CommandLine, consented: dict[str, Any]) -> None:
    assert authserver.refusal("users", "consents", "ada", "--revoke", "other")[0] == 1
    assert _grants(authserver, consented["sub"]) == [True]


@pytest.mark.parametrize(("password", "score"), [("Password1!", 0), ("violet-Harbour-29-kestrel", 4)])
def test_the_strength_of_a_chosen_password_is_printed(authserver: CommandLine, password: str, score: int) -> None:
    made = authserver.json(*ADA, "--password-stdin", stdin=f"{password}\n")
    again = authserver.json("users", "reset-password", "ada", "--password-stdin", stdin=f"{password}2\n")
    assert made["password_strength"] == score
    assert again["password_strength"] in range(5)
    assert "password_strength" not in authserver.json("users", "reset-password", "ada")


def test_a_role_is_taken_away(authserver: CommandLine, ada: dict[str, Any]) -> None:
    assert authserver.json("users", "update", "ada", "--role", "support")["roles"] == ["support"]
    assert authserver.json("users", "update", "ada", "--remove-role", "support")["roles"] == []
    assert authserver.refusal("users", "update", "ada", "--remove-role", "support")[0] == 1
    assert authserver.refusal("users", "update", "ada", "--role", "a", "--remove-role", "a")[0] == 2


def test_the_last_administrator_stays_one(authserver: CommandLine, ada: dict[str, Any]) -> None:
    authserver("users", "update", "ada", "--admin")
    for command in (("update", "ada", "--remove-role", "admin"), ("erase", "ada", "--yes")):
        code, said = authserver.refusal("users", *command)
        assert (code, "last administrator" in said) == (1, True)
    authserver("users", "create", "--email", "bob@example.com", "--admin")
    assert authserver.json("users", "update", "ada", "--remove-role", "admin")["roles"] == []


def test_an_erased_person_is_unknown_and_the_audit_log_is_whole(authserver: CommandLine, ada: dict[str, Any]) -> None:
    authserver("worker", "--once")
    assert authserver.json("users", "erase", "ada", "--yes") == {"sub": ada["sub"], "erased": True}
    authserver("worker", "--once")
    assert authserver.refusal("users", "show", "ada")[0] == 1
    left = authserver.json("users", "show", ada["sub"])
    assert (left["status"], left["has_password"]) == ("deleted", False)
    assert not {"email", "preferred_username"} & {name for name, value in left.items() if value}
    assert authserver.json("audit", "verify")["whole"] is True
    authserver(*ADA)


def test_erasing_asks_first(authserver: CommandLine, ada: dict[str, Any]) -> None:
    assert authserver.run("users", "erase", "ada", stdin="n\n").exit_code == 130
    assert authserver.json("users", "show", "ada")["status"] == "active"


def test_what_the_log_keeps_of_an_erased_person_cannot_be_read(authserver: CommandLine, ada: dict[str, Any]) -> None:
    authserver("worker", "--once")
    settings = load(environ=authserver.environ)
    with closing(wire(settings)) as services:
        keys = PersonKeys(services.crypto.sealer)

        def email() -> Any:
            with services.database.reading() as unit:
                entry = next(item for item in unit.audit.walk() if item.type == "UserCreated")
                return keys.personal(unit, entry).get("email")

        assert email() == ada["email"]
        authserver("users", "erase", "ada", "--yes")
        assert email() is None
