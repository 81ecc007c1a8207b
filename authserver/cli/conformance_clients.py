"""The static clients that the OpenID Foundation suite tests with: a set for each way of being a client."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final

from authserver.cli import conformance_keys as keys
from authserver.clients.extensions import Extensions
from authserver.clients.metadata import ClientMetadata
from authserver.protocol.policy import (
    AUTHORIZATION_CODE,
    CIBA,
    IMPLICIT,
    REFRESH_TOKEN,
    RESPONSE_TYPES,
    SECRET_METHODS,
)
from authserver.protocol.scopes import STANDARD

CERTIFICATE: Final = "mtls"
"""What the suite calls every authentication by certificate."""
SELF_SIGNED: Final = "self_signed_tls_client_auth"
API_SCOPE: Final = "approvals"
DETAILS_TYPE: Final = "conformance"
APPROVER: Final = "conformance-approver"
APPROVER_CALLBACK: Final = "http://127.0.0.1/conformance-approver"
"""Nobody listens there: the runner stops at the redirect."""
OIDC_METHODS: Final = ("client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none")
FAPI_METHODS: Final = ("private_key_jwt", CERTIFICATE)


@dataclass(frozen=True, slots=True)
class ClientSet:
    """Clients for one group of runs, with a callback address of their own at the suite.

    `method` is in the suite's words; `alg` is what its clients sign with.
    """

    name: str
    method: str
    metadata: ClientMetadata
    alg: str = "RS256"

    @property
    def members(self) -> tuple[tuple[str, str], ...]:
        """The names under which the suite knows the clients, each with its authentication method."""
        method = SELF_SIGNED if self.method == CERTIFICATE else self.method
        pair = (("client", method), ("client2", method))
        wants_post = self.metadata.profile == "oidc" and self.method == "client_secret_basic"
        return (*pair, ("client_secret_post", "client_secret_post")) if wants_post else pair


def client_sets(api: str) -> Iterator[ClientSet]:
    """Every set. `api` is the resource of tokens that are not given for a sign-in."""
    for method in (*OIDC_METHODS, CERTIFICATE):
        yield ClientSet(method, method, _oidc())
    yield ClientSet("backchannel-logout", "client_secret_basic", _oidc())
    yield ClientSet("frontchannel-logout", "client_secret_basic", _oidc())
    for profile, method, constraint in product(
        ("fapi2-security", "fapi2-message-signing"), FAPI_METHODS, ("dpop", "mtls")
    ):
        yield ClientSet(f"{profile}-{method}-{constraint}", method, _fapi(profile, constraint, api), "PS256")
    for method in FAPI_METHODS:
        hybrid = replace(
            _fapi("fapi1-advanced", "mtls", api),
            grant_types=(AUTHORIZATION_CODE, IMPLICIT, REFRESH_TOKEN),
            response_types=("code", "code id_token"),
        )
        yield ClientSet(f"fapi1-advanced-{method}", method, hybrid, "PS256")
    for method, mode in product(FAPI_METHODS, ("poll", "ping")):
        yield ClientSet(f"ciba-{method}-{mode}", method, _ciba(mode), "PS256")


def _oidc() -> ClientMetadata:
    return ClientMetadata(
        name="",
        profile="oidc",
        grant_types=(AUTHORIZATION_CODE, IMPLICIT, REFRESH_TOKEN),
        response_types=RESPONSE_TYPES,
        scopes=frozenset(STANDARD),
    )


def _fapi(profile: str, constraint: str, api: str) -> ClientMetadata:
    bound = Extensions(
        dpop_bound_access_tokens=constraint == "dpop",
        tls_client_certificate_bound_access_tokens=constraint == "mtls",
        authorization_details_types=(DETAILS_TYPE,),
    )
    return ClientMetadata(
        name="",
        profile=profile,
        grant_types=(AUTHORIZATION_CODE, REFRESH_TOKEN),
        scopes=frozenset({*STANDARD, API_SCOPE}),
        resources=(api,),
        default_resource=api,
        extensions=bound,
    )


def _ciba(mode: str) -> ClientMetadata:
    asks = Extensions(
        tls_client_certificate_bound_access_tokens=True,
        backchannel_token_delivery_mode=mode,
        backchannel_authentication_request_signing_alg="PS256",
    )
    return ClientMetadata(
        name="",
        profile="fapi1-advanced",
        grant_types=(CIBA, REFRESH_TOKEN),
        scopes=frozenset(STANDARD),
        extensions=asks,
    )


def approver(api: str, secret: str) -> Wanted:
    """The client by which the runner answers CIBA requests in the name of the person."""
    metadata = ClientMetadata(
        name="Conformance approver",
        policy={"consent": "skip", "access_token_ttl": 86400},
        redirect_uris=(APPROVER_CALLBACK,),
        grant_types=(AUTHORIZATION_CODE,),
        scopes=frozenset({API_SCOPE}),
        resources=(api,),
        default_resource=api,
        first_party=True,
    )
    told = {"client_id": APPROVER, "client_secret": secret, "redirect_uri": APPROVER_CALLBACK}
    return Wanted(APPROVER, metadata, secret, {**told, "scope": API_SCOPE, "resource": api})


@dataclass(frozen=True, slots=True)
class SuiteKeys:
    """The keys of the first and the second client of every set."""

    signing: Mapping[str, Mapping[str, Any]]
    certificates: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, known: Mapping[str, Any]) -> SuiteKeys:
        """Those of an earlier file, and new ones where it has none."""
        signing = known.get("signing") or {
            name: keys.new_signing_key(f"conformance-{name}") for name in ("client", "client2")
        }
        certificates = known.get("certificates") or {
            name: keys.new_certificate(f"conformance {name}") for name in ("client", "client2")
        }
        return cls(signing, certificates)

    def to_document(self) -> dict[str, Any]:
        """As the file keeps them."""
        return {"signing": self.signing, "certificates": self.certificates}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One client: what is registered of it, and what the suite is told."""

    client_id: str
    metadata: ClientMetadata
    secret: str | None
    told: Mapping[str, Any]


def wanted(found: ClientSet, callbacks: str, suite_keys: SuiteKeys, known: Mapping[str, Any]) -> dict[str, Wanted]:
    """The clients of a set, by the name that the suite has for each.

    Args:
        found: the set.
        callbacks: the address at the suite below which all of the set's addresses are.
        suite_keys: the keys of its clients.
        known: what an earlier file said of the set; its secrets are kept.
    """
    making = _Making(found, callbacks, suite_keys)
    return {member: making.client(member, method, known.get(member, {})) for member, method in found.members}


def certificates(found: ClientSet, suite_keys: SuiteKeys) -> dict[str, Mapping[str, str]]:
    """What the suite is told of certificates: nothing where neither authentication nor tokens need one."""
    if found.method != CERTIFICATE and not found.metadata.extensions.tls_client_certificate_bound_access_tokens:
        return {}
    return {"mtls": suite_keys.certificates["client"], "mtls2": suite_keys.certificates["client2"]}


@dataclass(frozen=True, slots=True)
class _Making:
    """Makes the clients of one set."""

    found: ClientSet
    callbacks: str
    suite_keys: SuiteKeys

    def client(self, member: str, method: str, known: Mapping[str, Any]) -> Wanted:
        client_id = f"conformance-{self.found.name}-{member.replace('_', '-')}"
        private = None if method in (*SECRET_METHODS, "none") else self._private(member)
        secret = (known.get("client_secret") or secrets.token_urlsafe(32)) if method in SECRET_METHODS else None
        told: dict[str, Any] = {"client_id": client_id}
        told |= {"client_secret": secret} if secret is not None else {}
        told |= {"jwks": {"keys": [private]}} if private is not None else {}
        registered = None if private is None else {"keys": self._registered(private, method, member)}
        return Wanted(client_id, self._metadata(member, method, registered), secret, told)

    def _metadata(self, member: str, method: str, jwks: Mapping[str, Any] | None) -> ClientMetadata:
        redirects = AUTHORIZATION_CODE in self.found.metadata.grant_types
        uris = (f"{self.callbacks}/callback", f"{self.callbacks}/callback?dummy1=lorem&dummy2=ipsum")
        return replace(
            self.found.metadata,
            name=f"Conformance {self.found.name} {member}",
            token_endpoint_auth_method=method,
            redirect_uris=uris if redirects else (),
            post_logout_redirect_uris=(f"{self.callbacks}/post_logout_redirect",) if redirects else (),
            jwks=jwks,
            extensions=self._extensions(),
        )

    def _extensions(self) -> Extensions:
        """The addresses that only some sets register: the suite takes a call that it does not expect as a failure."""
        before, base = self.found.metadata.extensions, self.callbacks
        if self.found.name == "backchannel-logout":
            uri = f"{base}/backchannel_logout"
            return replace(before, backchannel_logout_uri=uri, backchannel_logout_session_required=True)
        if self.found.name == "frontchannel-logout":
            uri = f"{base}/frontchannel_logout"
            return replace(before, frontchannel_logout_uri=uri, frontchannel_logout_session_required=True)
        if before.backchannel_token_delivery_mode == "ping":
            return replace(before, backchannel_client_notification_endpoint=f"{base}/ciba-notification-endpoint")
        return before

    def _private(self, member: str) -> dict[str, Any]:
        return {**self.suite_keys.signing[member], "alg": self.found.alg}

    def _registered(self, private: Mapping[str, Any], method: str, member: str) -> list[dict[str, Any]]:
        registered = [keys.public(private)]
        if method == SELF_SIGNED:
            certificate = self.suite_keys.certificates[member]
            registered.append(keys.certificate_jwk(certificate, f"{private['kid']}-certificate"))
        return registered
