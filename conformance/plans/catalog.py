"""Every run: a plan of the suite, the variants that it leaves open, and the clients that it is run with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import product
from typing import Final

STATIC, DYNAMIC = "static", "dynamic"
REGISTRATIONS = (STATIC, DYNAMIC)
RESPONSE_TYPES = ("code", "id_token", "id_token token", "code id_token", "code token", "code id_token token")
AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "mtls")
FAPI_AUTH = ("private_key_jwt", "mtls")
CONSTRAINTS = ("dpop", "mtls")
OPENID = ("openid_connect", "plain_oauth")

OPENID_SCOPE = "openid profile email offline_access"
API_SCOPE = "approvals"

_CODE = {"response_type": "code"}
_CERTIFICATION = "oidcc-{}-certification-test-plan"


@dataclass(frozen=True, slots=True)
class Run:
    """One plan with one choice of variants.

    Attributes:
        name: what the run is called on the command line and in the table.
        plan: the suite's name of the plan.
        variant: the variants that the plan leaves to us.
        clients: the set of static clients, empty where clients register themselves.
        profile: the rules that a client which registers itself asks to stand under.
        scope: what the suite asks for, where it does not know itself.
    """

    name: str
    plan: str
    variant: Mapping[str, str] = field(default_factory=dict)
    clients: str = ""
    profile: str = "oidc"
    scope: str = ""

    @property
    def is_static(self) -> bool:
        """Whether its clients were registered before, which makes its modules share one callback address."""
        return bool(self.clients)

    @property
    def is_rich(self) -> bool:
        """Whether it asks by `authorization_details` (RFC 9396)."""
        return self.variant.get("authorization_request_type") == "rar"

    @property
    def is_ciba(self) -> bool:
        """Whether somebody has to approve requests apart from a browser."""
        return "ciba_mode" in self.variant


IMPOSSIBLE: Final = frozenset({"all-mtls-dynamic"})
"""Suite 5.2.4 registers clients for it with the authentication method "mtls", which is none (RFC 8705 §2.1.1)."""


def _static_or_dynamic(
    name: str, plan: str, variant: Mapping[str, str], clients: str = "client_secret_basic"
) -> Iterator[Run]:
    for registration in REGISTRATIONS:
        chosen = {**variant, "client_registration": f"{registration}_client"}
        yield Run(f"{name}-{registration}", plan, chosen, clients if registration == STATIC else "")


def _openid_connect() -> Iterator[Run]:
    yield Run("config", _CERTIFICATION.format("config"), clients="client_secret_basic")
    discovery = {"server_metadata": "discovery"}
    for form in ("", "formpost-"):
        for flow in ("basic", "implicit", "hybrid"):
            yield from _static_or_dynamic(form + flow, _CERTIFICATION.format(form + flow), discovery)
    for response_type in RESPONSE_TYPES:
        name = f"dynamic-{response_type.replace(' ', '-')}"
        yield Run(name, _CERTIFICATION.format("dynamic"), {"response_type": response_type})
    yield Run("third-party-login", _CERTIFICATION.format("3rdparty-init-login"), _CODE)
    yield from _static_or_dynamic("logout", _CERTIFICATION.format("rp-initiated-logout"), _CODE)
    for kind, clients in (("backchannel", "backchannel-logout"), ("frontchannel", "frontchannel-logout")):
        yield from _static_or_dynamic(
            f"logout-{kind}", _CERTIFICATION.format(f"{kind}-rp-initiated-logout"), _CODE, clients
        )
    yield from _static_or_dynamic("logout-session", _CERTIFICATION.format("session-management"), _CODE)
    for method in AUTH_METHODS:
        # The suite's public clients send no code challenge, without which they get no code here (RFC 9700 §2.1.1).
        response_type = "code" if method != "none" else "id_token token"
        variant = {"response_type": response_type, "client_auth_type": method, "response_mode": "default"}
        both = _static_or_dynamic(f"all-{method}", "oidcc-test-plan", variant, method)
        yield from (run for run in both if run.name not in IMPOSSIBLE)


def _fapi2(name: str, plan: str, kind: str, variant: Mapping[str, str], openid: str, *, rich: bool) -> Iterator[Run]:
    """One run for each client authentication method and sender constraint."""
    for method, constraint in product(FAPI_AUTH, CONSTRAINTS):
        parts = [name, method, constraint, *(["oauth"] if openid == "plain_oauth" else []), *(["rar"] if rich else [])]
        chosen = {
            "client_auth_type": method,
            "sender_constrain": constraint,
            "fapi_profile": "plain_fapi",
            "openid": openid,
            "authorization_request_type": "rar" if rich else "simple",
            **variant,
        }
        scope = OPENID_SCOPE if openid == "openid_connect" else API_SCOPE
        yield Run("-".join(parts), plan, chosen, f"{kind}-{method}-{constraint}", scope=scope)


def _fapi2_security() -> Iterator[Run]:
    for openid, rich in product(OPENID, (False, True)):
        plan = "fapi2-security-profile-final-test-plan"
        yield from _fapi2("fapi2-sp", plan, "fapi2-security", {}, openid, rich=rich)


def _fapi2_message_signing() -> Iterator[Run]:
    requests = (("unsigned", "fapi2-security"), ("signed_non_repudiation", "fapi2-message-signing"))
    modes = ("plain_response", "jarm")
    for (request, kind), mode in product(requests, modes):
        variant = {"fapi_request_method": request, "fapi_response_mode": mode}
        name = "-".join(("fapi2-ms", "signed" if request != "unsigned" else "unsigned", mode.removesuffix("_response")))
        for openid in OPENID:
            rich = (False, True) if openid == "openid_connect" and mode == "jarm" else (False,)
            for with_details in rich:
                plan = "fapi2-message-signing-final-test-plan"
                yield from _fapi2(name, plan, kind, variant, openid, rich=with_details)


def _fapi1() -> Iterator[Run]:
    for method, request, mode in product(FAPI_AUTH, ("by_value", "pushed"), ("plain_response", "jarm")):
        variant = {
            "client_auth_type": method,
            "fapi_auth_request_method": request,
            "fapi_response_mode": mode,
            "fapi_profile": "plain_fapi",
        }
        name = f"fapi1-{method}-{request}-{mode.removesuffix('_response')}"
        plan = "fapi1-advanced-final-test-plan"
        yield Run(name, plan, variant, f"fapi1-advanced-{method}", scope=OPENID_SCOPE)


def _ciba() -> Iterator[Run]:
    for method, mode, registration in product(FAPI_AUTH, ("poll", "ping"), REGISTRATIONS):
        variant = {
            "client_auth_type": method,
            "ciba_mode": mode,
            "fapi_ciba_profile": "plain_fapi",
            "client_registration": f"{registration}_client",
        }
        clients = f"ciba-{method}-{mode}" if registration == STATIC else ""
        yield Run(
            f"ciba-{method}-{mode}-{registration}",
            "fapi-ciba-id1-test-plan",
            variant,
            clients,
            profile="fapi1-advanced",
            scope=OPENID_SCOPE,
        )


RUNS: tuple[Run, ...] = (*_openid_connect(), *_fapi2_security(), *_fapi2_message_signing(), *_fapi1(), *_ciba())


def chosen(patterns: Iterable[str]) -> tuple[Run, ...]:
    """The runs whose names fit one of the patterns (`*` stands for anything), in the order of the catalog.

    Raises:
        LookupError: a pattern fits no run.
    """
    patterns = tuple(patterns)
    for pattern in patterns:
        if not any(fnmatchcase(run.name, pattern) for run in RUNS):
            raise LookupError(f"no run is called {pattern}; --list prints them all")
    return tuple(run for run in RUNS if any(fnmatchcase(run.name, pattern) for pattern in patterns))
