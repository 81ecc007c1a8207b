"""Which hosts and addresses outgoing requests may reach."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from authserver.events.addresses import AllowList, NotAHost, is_public, parse_host

# fmt: off
PRIVATE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1",  # noqa: S104
    "127.1.2.3", "168.63.129.16", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255",
    "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1",
    "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:7f00:1",
    "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a00:1", "64:ff9b::169.254.169.254",
    "64:ff9b:1::8.8.8.8", "100::1", "2001::1", "2001:0:7f00:1::", "2001:db8::1", "2002:7f00:1::",
    "2002:a9fe:a9fe::", "2002:808:808::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "febf::1",
    "fec0::1", "ff02::1",
]
# fmt: on
# fmt: off
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "93.184.216.34", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450::1",
    "::ffff:8.8.8.8", "64:ff9b::808:808",
]
# fmt: on
# fmt: off
DISGUISED = [
    "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "127.1", "127.0.1", "1.2.3",
    "10.0.0.01", "0x7f.1", "example.0x7f", "1.2.3.4.5", "127.0.0.1.", "0xA9FEA9FE", "256.256.256.256", "0", "00",
    "0x",
]
# fmt: on
MALFORMED = [
    "",
    ".",
    "a..b",
    "-a.example",
    "a-.example",
    "exa mple",
    "ex%61mple.com",
    "fe80::1%eth0",
    "１２７.０.０.１",
    "ⓔxample.com",
    "a/b",
    "a\\b",
    "a@b",
    "a:b",
    "[::1]",
    "a" * 64 + ".example",
    ".".join(["a" * 60] * 5),
    "exam\nple.com",
    "example.com\0",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("host", DISGUISED)
def test_unusual_forms_of_addresses_are_refused(host: str) -> None:
    with pytest.raises(NotAHost):
        parse_host(host)


@pytest.mark.parametrize("host", MALFORMED)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(NotAHost):
        parse_host(host)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("a_b.example", "a_b.example"),
        ("localhost", "localhost"),
        ("8.8.8.8", ip_address("8.8.8.8")),
        ("2606:4700::1", ip_address("2606:4700::1")),
    ],
)
def test_hosts_have_one_form(host: str, expected: object) -> None:
    assert parse_host(host) == expected


def test_an_allowed_host_is_allowed_for_its_port_alone() -> None:
    allow = AllowList.parse(["idp.internal:8443", "[fd00::1]:443", "mail.internal"])
    assert allow.names("idp.internal", 8443)
    assert not allow.names("idp.internal", 443)
    assert allow.names("fd00::1", 443)
    assert allow.names("mail.internal", 1)
    assert not allow.names("other.internal", 8443)


def test_an_allowed_network_allows_its_addresses() -> None:
    allow = AllowList.parse(["10.1.0.0/16", "fd00::/8"])
    assert allow.contains(ip_address("10.1.2.3"))
    assert allow.contains(ip_address("fd12::1"))
    assert not allow.contains(ip_address("10.2.0.1"))


def test_an_address_may_be_allowed_by_itself() -> None:
    assert AllowList.parse(["::1", "127.0.0.1:80"]).names("::1", 9)


@pytest.mark.parametrize("entry", ["", "a b", "10.0.0.0/99", "host:port", "[::1", "http://a"])
def test_entries_that_mean_nothing_are_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        AllowList.parse([entry])
