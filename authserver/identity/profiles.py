"""What is known about a person, as standard claims (OIDC Core §5.1): stored with valid types, released as asked.

Claims that the server itself uses or looks up are columns of the user; the
others are one document. `claims_for` is the only way out: by scope (§5.4) and
by individual request (§5.5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from authserver.identity.addresses import Email, PhoneNumber, Username
from authserver.identity.claim_values import (
    address,
    birthdate,
    boolean,
    language_tag,
    text,
    time_zone,
    web_address,
)
from authserver.protocol import validity
from authserver.protocol.errors import ValidationError
from authserver.storage.models.users import User

CLAIMS_BY_SCOPE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "profile": (
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ),
        "email": ("email", "email_verified"),
        "address": ("address",),
        "phone": ("phone_number", "phone_number_verified"),
    }
)
"""OIDC Core §5.4."""

STANDARD_CLAIMS: Final = tuple(name for names in CLAIMS_BY_SCOPE.values() for name in names)
"""Every claim that can be released besides `sub`; discovery lists them (`claims_supported`)."""

VALIDATORS: Final[Mapping[str, Callable[[str, Any], Any]]] = MappingProxyType(
    {
        "name": text,
        "family_name": text,
        "given_name": text,
        "middle_name": text,
        "nickname": text,
        "preferred_username": lambda name, value: Username.parse(text(name, value)),
        "profile": web_address,
        "picture": web_address,
        "website": web_address,
        "gender": text,
        "birthdate": birthdate,
        "zoneinfo": time_zone,
        "locale": language_tag,
        "email": lambda name, value: Email.parse(text(name, value)),
        "email_verified": boolean,
        "address": address,
        "phone_number": lambda name, value: PhoneNumber.parse(text(name, value)),
        "phone_number_verified": boolean,
    }
)
COLUMNS: Final = frozenset({"name", "family_name", "given_name"})


class ClaimsRefused(ValidationError):
    """Claims that cannot be stored; `problems` maps each name to what is wrong with it."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(
            " ".join(f"{name}: {problem}" for name, problem in problems.items()), field=next(iter(problems))
        )
        self.problems = dict(problems)


def validated(changes: Mapping[str, Any]) -> dict[str, Any]:
    """`changes` with every value checked and in its normal form; None takes a claim away.

    Raises:
        ClaimsRefused: unknown names or wrong values, all of them at once.
    """
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name, value in changes.items():
        validator = VALIDATORS.get(name)
        try:
            if validator is None:
                raise ValidationError("There is no such claim, or it cannot be set.")
            values[name] = None if value is None else validator(name, value)
        except ValidationError as error:
            problems[name] = error.message
    if problems:
        raise ClaimsRefused(problems)
    return values


def apply(user: User, changes: Mapping[str, Any]) -> tuple[str, ...]:
    """Write claims into `user`, and return the names of those that changed.

    A new address or number is unverified unless the same change says otherwise.

    Raises:
        ClaimsRefused: as `validated` does.
    """
    values = validated(changes)
    before = stored_claims(user)
    document = dict(user.claims)
    for name, value in values.items():
        if name == "email":
            _set_email(user, value)
        elif name == "phone_number":
            _set_phone_number(user, value)
        elif name == "preferred_username":
            set_username(user, value)
        elif name == "birthdate":
            _set_birthdate(user, document, value)
        elif name in COLUMNS:
            setattr(user, name, value)
        elif name not in ("email_verified", "phone_number_verified"):
            document = {key: kept for key, kept in document.items() if key != name}
            document |= {} if value is None else {name: value}
    user.email_verified = bool(values.get("email_verified", user.email_verified)) and user.email is not None
    proven = bool(values.get("phone_number_verified", user.phone_number_verified))
    user.phone_number_verified = proven and user.phone_number is not None
    user.claims = document
    after = stored_claims(user)
    return tuple(name for name in STANDARD_CLAIMS if before.get(name) != after.get(name))


def _set_email(user: User, email: Email | None) -> None:
    """Give `user` another address, which is unverified."""
    if email is None or email.key != user.email_key:
        user.email_verified = False
    user.email, user.email_key = (None, None) if email is None else (email.address, email.key)


def set_username(user: User, username: Username | None) -> None:
    """Give `user` another user name."""
    user.username, user.username_key = (None, None) if username is None else (username.name, username.key)


def _set_phone_number(user: User, number: PhoneNumber | None) -> None:
    value = None if number is None else number.e164
    if value != user.phone_number:
        user.phone_number_verified = False
    user.phone_number = value


def _set_birthdate(user: User, document: dict[str, Any], value: str | None) -> None:
    """A whole date goes into the column; a year alone, or a day without year (§5.1), into the document."""
    document.pop("birthdate", None)
    user.birth_date = None
    if value is None:
        return
    if len(value) == 10 and not value.startswith("0000"):
        user.birth_date = date.fromisoformat(value)
    else:
        document["birthdate"] = value


def stored_claims(user: User) -> dict[str, Any]:
    """Every standard claim that is known about a person, with the JSON types of OIDC Core §5.1."""
    known: dict[str, Any] = {name: user.claims.get(name) for name in STANDARD_CLAIMS if name in user.claims}
    known |= {"name": _full_name(user), "family_name": user.family_name, "given_name": user.given_name}
    known["preferred_username"] = user.username
    if user.birth_date is not None:
        known["birthdate"] = user.birth_date.isoformat()
    if user.email is not None:
        known |= {"email": user.email, "email_verified": bool(user.email_verified)}
    if user.phone_number is not None:
        known |= {"phone_number": user.phone_number, "phone_number_verified": bool(user.phone_number_verified)}
    if user.updated_at is not None:
        known["updated_at"] = validity.epoch(user.updated_at)
    # Absent claims are left out, never null or empty (OIDC Core §5.3.2).
    return {name: known[name] for name in STANDARD_CLAIMS if known.get(name) not in (None, "", {})}


def claims_for(user: User, scopes: frozenset[str], requested: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The claims about `user` that the granted scopes and individual requests release, without `sub`.

    `requested` is one member (`userinfo` or `id_token`) of the `claims` parameter.
    What is not known is left out, essential or not (§5.5.1), and so are claims
    in a certain language (`name#de`), because none are stored.
    """
    wanted = {name for scope in scopes for name in CLAIMS_BY_SCOPE.get(scope, ())} | set(requested or ())
    return {name: value for name, value in stored_claims(user).items() if name in wanted}


def beyond_scopes(names: frozenset[str], scopes: frozenset[str]) -> frozenset[str]:
    """Of `names` the claims about a person that none of `scopes` releases anyway."""
    by_scope = {name for scope in scopes for name in CLAIMS_BY_SCOPE.get(scope, ())}
    return (names & frozenset(STANDARD_CLAIMS)) - by_scope


def _full_name(user: User) -> str | None:
    parts = (user.given_name, user.claims.get("middle_name"), user.family_name)
    return user.name or " ".join(part for part in parts if part) or None
