"""How people and machines are named: e-mail, user name, telephone number, IP address.

Each is a value that exists only when it is valid. `key` is the normal form that
must be unique and that is looked up, so that no two spellings of one name are
two accounts, and no look-alike spelling passes for another.
"""

from __future__ import annotations

import ipaddress
import unicodedata
from dataclasses import dataclass
from typing import Final, Self

from authserver.protocol.errors import ValidationError

MAX_EMAIL: Final = 254
MAX_USERNAME: Final = 255
MIN_USERNAME: Final = 2
LOCAL_DOMAINS: Final = ("@localhost", ".localhost", ".local", ".test", ".internal")
UNKNOWN: Final = "\N{REPLACEMENT CHARACTER}"
MAX_LOGIN: Final = 1024
"""Characters of a login field that are looked at; nobody has a longer name."""


@dataclass(frozen=True, slots=True)
class Email:
    """An e-mail address. `address` is as its owner writes it, in Unicode; equality is that of `key`."""

    key: str
    address: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The address in `text`.

        Raises:
            ValidationError: not an address by its form (RFC 5321 §4.1.2, RFC 6531 §3.3).
        """
        local, domain, ascii_domain = _checked_parts(text.strip())
        # The domain in its ASCII form: IDNA tells names apart that folding would make one (RFC 5891 §4).
        address, key = f"{local}@{domain}", f"{_folded(local)}@{ascii_domain}"
        if len(key) > MAX_EMAIL or len(address) > MAX_EMAIL:
            raise ValidationError(f"The e-mail address is longer than {MAX_EMAIL} characters.", field="email")
        return cls(key, address)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Email) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.address


@dataclass(frozen=True, slots=True)
class Username:
    """A user name. `name` is as its owner writes it; equality is that of `key`."""

    key: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The user name in `text`.

        An `@` is refused: what looks like an address is looked up as one, so a
        name like it could take over the login of somebody else's address.

        Raises:
            ValidationError: too short, too long, or with characters that cannot be seen or told apart.
        """
        name = unicodedata.normalize("NFC", text)
        key = _folded(name)
        if name != name.strip():
            raise _username("The user name must not begin or end with a space.")
        if len(key) < MIN_USERNAME or max(len(name), len(key)) > MAX_USERNAME:
            raise _username(f"The user name must have {MIN_USERNAME} to {MAX_USERNAME} characters.")
        if "@" in key:
            raise _username("The user name must not contain an @.")
        if any(_is_unseen(char) for char in name + key):
            raise _username("The user name must not contain control characters or unusual spaces.")
        return cls(key, name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Username) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A telephone number in the form of ITU-T E.164: a plus sign and digits."""

    e164: str

    @classmethod
    def parse(cls, text: str, region: str | None = None) -> Self:
        """The number in `text`; `region` (ISO 3166-1 alpha-2) reads numbers without a country code.

        Raises:
            ValidationError: not a number that can exist.
        """
        # Heavy: the numbering plans of the world are loaded with it.
        import phonenumbers

        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException as error:
            raise _phone_number() from error
        if not phonenumbers.is_possible_number(number) or number.extension:
            raise _phone_number()
        return cls(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

    def __str__(self) -> str:
        return self.e164


@dataclass(frozen=True, slots=True)
class IPAddress:
    """An IPv4 or IPv6 address; an IPv4 address inside IPv6 is the IPv4 address."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The address in `text`, with or without a zone.

        Raises:
            ValidationError: not an address.
        """
        try:
            address = ipaddress.ip_address(text.strip().partition("%")[0])
        except ValueError as error:
            raise ValidationError("The IP address is not valid.", field="address") from error
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return cls(str(mapped or address))

    @property
    def neighbourhood(self) -> str:
        """Who is counted as one: an IPv4 address, or the /64 that one IPv6 customer has to itself (RFC 6177 §2)."""
        address = ipaddress.ip_address(self.text)
        if isinstance(address, ipaddress.IPv4Address):
            return self.text
        return str(ipaddress.IPv6Network((address, 64), strict=False))

    def __str__(self) -> str:
        return self.text


def login_key(login: str) -> str:
    """The normal form of what was typed as a login; never raises, so that nonsense is treated like an unknown name."""
    text = login.strip()[:MAX_LOGIN]
    try:
        return Email.parse(text).key if "@" in text else Username.parse(text).key
    except ValidationError:
        # What no database stores (NUL, halves of surrogate pairs) becomes a character that no name may contain.
        return _folded("".join(UNKNOWN if unicodedata.category(char) in ("Cc", "Cs") else char for char in text))


def _checked_parts(text: str) -> tuple[str, str, str]:
    """Local part, domain and ASCII domain of an address by its form (RFC 5321 §4.1.2, RFC 6531 §3.3).

    Whether the domain exists is not asked: no name is resolved because somebody
    typed it. Names of one's own network (RFC 6761 §6.2, §6.3; RFC 6762 §3) are
    the operator's to use; the validator refuses them, so it sees them below another one.
    """
    from email_validator import EmailNotValidError, validate_email

    suffix = ".example.com" if text.lower().endswith(LOCAL_DOMAINS) else ""
    try:
        found = validate_email(text + suffix, check_deliverability=False, strict=True)
    except EmailNotValidError as error:
        raise ValidationError("The e-mail address is not valid.", field="email") from error
    return found.local_part, found.domain.removesuffix(suffix), found.ascii_domain.removesuffix(suffix)


def _folded(text: str) -> str:
    """Compatibility forms and case folded away, in a form that folding again does not change."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFKC", folded.casefold())


def _is_unseen(char: str) -> bool:
    category = unicodedata.category(char)
    return (
        char == UNKNOWN or category in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} or (category == "Zs" and char != " ")
    )


def _username(message: str) -> ValidationError:
    return ValidationError(message, field="username")


def _phone_number() -> ValidationError:
    return ValidationError("The telephone number is not valid.", field="phone_number")
