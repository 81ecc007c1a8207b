"""Names of people and machines: what is refused, and which spellings are one name (B-41)."""

from __future__ import annotations

import subprocess
import sys

import pytest

from authserver.identity.addresses import Email, IPAddress, PhoneNumber, Username, login_key
from authserver.protocol.errors import ValidationError


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada@Example.com", "ada@example.COM"),
        ("ada@bücher.example.com", "ada@xn--bcher-kva.example.com"),
        ("ａda@example.com", "ada@example.com"),
        (" ada@example.com ", "ada@example.com"),
        ("STRASSE@example.com", "straße@example.com"),
    ],
)
def test_spellings_of_one_address_are_equal(one: str, other: str) -> None:
    assert Email.parse(one) == Email.parse(other)
    assert hash(Email.parse(one)) == hash(Email.parse(other))


def test_domains_that_idna_tells_apart_stay_apart() -> None:
    assert Email.parse("ada@straße.de") != Email.parse("ada@strasse.de")


def test_the_address_is_shown_as_its_owner_writes_it() -> None:
    assert str(Email.parse("Ada.Lovelace@example.com")) == "Ada.Lovelace@example.com"


@pytest.mark.parametrize("text", ["admin@localhost", "ada@site.test", "ada@office.local", "ada@corp.internal"])
def test_addresses_of_ones_own_network_are_accepted(text: str) -> None:
    assert Email.parse(text).key == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "ada", "@example.com", "ada@", "ada@@example.com", "ada@b@localhost", "a da@example.com"),
        *("ada@example", "ada@-x.com", "ada@example..com", "ada\n@example.com", "ada@exa\0mple.com"),
        *("<ada@example.com>", "ada@[127.0.0.1]", "a" * 65 + "@example.com", "a@" + "b" * 250 + ".com"),
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Email.parse(text)
    assert refused.value.field == "email"


@pytest.mark.parametrize(
    ("one", "other"), [("Ada", "ADA"), ("ﬁona", "fiona"), ("Straße", "STRASSE"), ("e\u0301a", "éa")]
)
def test_spellings_of_one_user_name_are_equal(one: str, other: str) -> None:
    assert Username.parse(one) == Username.parse(other)
    assert hash(Username.parse(one)) == hash(Username.parse(other))


@pytest.mark.parametrize("name", ["ada lovelace", "ada.l", "李明", "o'neil", "x-1"])
def test_ordinary_user_names_are_accepted(name: str) -> None:
    assert str(Username.parse(name)) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "a", "x" * 256, " ada", "ada ", "a\tda", "a\nda", "a\0da"),
        *("a\u00a0da", "a\u2003da", "a\u200bda", "a\u202eda", "a\u2028da", "a\ufeffda", "a\u3000da"),
        *("ada@example.com", "ada＠example.com", "\u00ad\u00ad\u00ad", "ada\ufffd"),
    ],
)
def test_user_names_that_cannot_be_told_apart_are_refused(name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Username.parse(name)
    assert refused.value.field == "username"


def test_a_key_folds_to_itself() -> None:
    for name in ("ΐΰ", "ŉab", "ǰab", "İab", "ﬃx", "Åab", "ͅαb"):
        key = Username.parse(name).key
        assert Username.parse(key).key == key


@pytest.mark.parametrize(
    ("text", "region"), [("+1 (202) 555-0123", None), ("202-555-0123", "US"), ("+12025550123", "DE")]
)
def test_telephone_numbers_have_one_form(text: str, region: str | None) -> None:
    assert str(PhoneNumber.parse(text, region)) == "+12025550123"


@pytest.mark.parametrize("text", ["", "12345", "+", "+1", "+1 202 555 0123 ext. 7", "+999123456789", "call me"])
def test_what_is_no_telephone_number_is_refused(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        PhoneNumber.parse(text)
    assert refused.value.field == "phone_number"


def test_the_numbering_plans_are_loaded_when_a_number_is_read() -> None:
    probe = "import sys, authserver.identity.users; sys.exit('phonenumbers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0


@pytest.mark.parametrize(
    ("text", "same"),
    [("::ffff:192.0.2.1", "192.0.2.1"), ("2001:DB8::1", "2001:db8:0::1"), ("fe80::1%eth0", "fe80::1")],
)
def test_spellings_of_one_ip_address_are_equal(text: str, same: str) -> None:
    assert IPAddress.parse(text) == IPAddress.parse(same)


@pytest.mark.parametrize("text", ["", "256.1.1.1", "1.2.3", "::g", "localhost", "192.0.2.1/24"])
def test_what_is_no_ip_address_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        IPAddress.parse(text)


def test_the_addresses_of_one_ipv6_customer_count_as_one() -> None:
    assert IPAddress.parse("2001:db8::1").neighbourhood == IPAddress.parse("2001:db8::ffff:2").neighbourhood
    assert IPAddress.parse("2001:db8::1").neighbourhood != IPAddress.parse("2001:db8:0:1::1").neighbourhood
    assert str(IPAddress.parse("192.0.2.1")) == IPAddress.parse("192.0.2.1").neighbourhood


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        (" Ada@Example.com", "ada@example.com"),
        ("ADA", "ada"),
        ("\0@\n", "\ufffd@"),
        ("a\ud800b", "a\ufffdb"),
        ("", ""),
        ("x" * 5000, "x" * 1024),
    ],
)
def test_whatever_is_typed_as_a_login_has_a_key(typed: str, key: str) -> None:
    assert login_key(typed) == key
