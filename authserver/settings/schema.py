"""The one frozen value that holds every setting, and what is known about each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any

from authserver.settings.definitions import Definition, definition_of
from authserver.settings.registration import Registration
from authserver.settings.security import Lifetimes, Passwords, RateLimits, Secrets
from authserver.settings.serving import Edge, Outgoing, Server, Stores, Telemetry

GROUPS: tuple[type, ...] = (
    Server,
    Stores,
    Secrets,
    Lifetimes,
    Passwords,
    RateLimits,
    Registration,
    Edge,
    Outgoing,
    Telemetry,
)


@dataclass(frozen=True, repr=False)
class Settings(Telemetry, Outgoing, Edge, Registration, RateLimits, Passwords, Lifetimes, Secrets, Stores, Server):
    """The effective configuration. Durations are seconds, sizes bytes, paths absolute once loaded."""

    @property
    def is_production(self) -> bool:
        """Whether the rules of production hold; staging rehearses them."""
        return self.environment in ("production", "staging")

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address of this server, the issuer first."""
        return (self.issuer, *self.issuer_aliases, *((self.mtls_url,) if self.mtls_url else ()))

    @property
    def is_https(self) -> bool:
        """Whether the issuer is reached over TLS, which decides names and flags of cookies."""
        return self.issuer.lower().startswith("https://")

    @property
    def takes_client_certificates(self) -> bool:
        """Whether a certificate of the client's can arrive: a server that ends TLS asks for one, or a proxy tells."""
        return bool(self.client_certificate_header) or self.client_certificate_ca is not None

    def __repr__(self) -> str:
        """Names the installation and nothing else: a traceback or log line must not show secrets."""
        return f"<Settings {self.environment} {self.issuer}>"


DEFINITIONS: Mapping[str, Definition] = MappingProxyType({item.name: definition_of(item) for item in fields(Settings)})
DEFAULTS: Mapping[str, Any] = MappingProxyType({item.name: item.default for item in fields(Settings)})
