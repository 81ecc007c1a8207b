"""The rules in their order."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from authserver.clients import policy as policies
from authserver.clients.rules import addresses, algorithms, backchannel, details, keys, localized, subjects
from authserver.protocol.policy import ClientPolicy

if TYPE_CHECKING:
    from authserver.clients.metadata import ClientMetadata

_RULES = (
    keys.settled,
    algorithms.settled,
    addresses.settled,
    subjects.settled,
    backchannel.settled,
    localized.settled,
)


def settled(wanted: ClientMetadata, known_details: Collection[str]) -> ClientMetadata:
    """`wanted` with its extensions in normal form; `known_details` are the types of authorization details.

    Raises:
        ValidationError: a member cannot be accepted; `field` names it.
    """
    details.check(wanted, known_details)
    policy = _policy(wanted)
    for rule in _RULES:
        wanted = replace(wanted, extensions=rule(wanted, policy))
    return wanted


def _policy(wanted: ClientMetadata) -> ClientPolicy:
    """The client's policy before its registration makes it stricter: what it may choose from."""
    return policies.policy_of(wanted.profile, wanted.policy, wanted.grant_types, wanted.allowed_response_types)
