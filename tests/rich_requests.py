"""A type of authorization details, and what is asked for with it (RFC 9396)."""

from __future__ import annotations

from typing import Any

from authserver.access.authorization_types import AuthorizationTypes, TypeMetadata
from authserver.clients.extensions import Extensions
from tests.installation import Installation

PAYMENT: dict[str, Any] = {
    "type": "payment",
    "amount": {"value": "123.50", "currency": "EUR"},
    "to": "Merchant <b>A</b>",
    "note": ["rent", "May"],
}
OTHER = PAYMENT | {"to": "Somebody else"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "type": {"const": "payment"},
        "amount": {"$ref": "#/$defs/amount"},
        "to": {"type": "string"},
        "note": {"type": "array"},
    },
    "required": ["amount", "to"],
    "additionalProperties": False,
    "$defs": {"amount": {"type": "object", "required": ["value", "currency"]}},
}
WORDS = "Pay {amount.value} {amount.currency} to {to}."
SAID = "Pay 123.50 EUR to Merchant <b>A</b>."
"""What a person reads of `PAYMENT`."""
OF_PAYMENTS = Extensions(authorization_details_types=("payment",))


def types(server: Installation) -> AuthorizationTypes:
    """The registry of types."""
    return AuthorizationTypes(server.services.database, server.services.recorder)


def install_types(server: Installation) -> None:
    """`payment`, which clients with `OF_PAYMENTS` may ask for, and `other`."""
    types(server).create("payment", TypeMetadata("Payment", WORDS, SCHEMA))
    types(server).create("other", TypeMetadata("Other", "", {}))
    server.services.catalog.forget()
