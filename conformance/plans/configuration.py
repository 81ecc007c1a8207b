"""The configuration of a run, as the suite takes it: server, clients, and what its browser does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.plans.browser import SIGN_IN, Entry, Pages, screenshot
from conformance.plans.catalog import Run

FORMAT = 1
"""The version of the file that `authserver conformance prepare` writes."""

JWKS_REFRESH_SECONDS = 61
"""After which time the server reads the keys of a client again for a key id that it does not know."""

DETAILS_TYPE = "conformance"
ONE_FACTOR = "1"
"""The acr of a person who gave a password."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What `authserver conformance prepare` made, and where.

    Attributes:
        issuer: the server under test.
        mtls_issuer: its address for requests with client certificates.
        suite: the address of the suite.
        username: who signs in.
        password: with what.
        sets: the static clients, several to a set, with alias and keys, as the suite names its fields.
        initial_access_tokens: what registers clients, by profile.
        resource: what a token opens that was not given for a sign-in.
        approvals: the API that decides about CIBA requests, its `url`, and the client whose tokens open it.
    """

    issuer: str
    mtls_issuer: str
    suite: str
    username: str
    password: str
    sets: Mapping[str, Mapping[str, Any]]
    initial_access_tokens: Mapping[str, str]
    resource: str
    approvals: Mapping[str, str]

    @classmethod
    def read(cls, path: Path) -> Prepared:
        """Read what was written.

        Raises:
            ValueError: it is not such a file, or of another version.
        """
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ValueError(f"{path} was not written by this version of `authserver conformance prepare`")
        return cls(
            issuer=document["issuer"],
            mtls_issuer=document["mtls_issuer"],
            suite=document["suite"],
            username=document["user"]["username"],
            password=document["user"]["password"],
            sets=document["sets"],
            initial_access_tokens=document["initial_access_tokens"],
            resource=document["resource"],
            approvals=document["approvals"],
        )


def configuration(run: Run, prepared: Prepared, approvals_url: str = "") -> dict[str, Any]:
    """The JSON that creates the plan of a run.

    Args:
        run: which.
        prepared: server and clients.
        approvals_url: where the suite asks for a CIBA request to be allowed or denied; `{auth_req_id}` and `{action}`
            stand for what it fills in.

    Raises:
        LookupError: the static clients of this run were not prepared.
    """
    pages = Pages(prepared.issuer, prepared.username, prepared.password)
    fapi = run.plan.startswith("fapi")
    config: dict[str, Any] = {
        "description": f"authserver: {run.name}",
        "server": _server(prepared),
        **_clients(run, prepared),
        "browser": [pages.journey_or_refusal()] if fapi else pages.default(),
        "override": {name: {"browser": entries} for name, entries in (fapi_pages if fapi else openid_pages)(pages)},
        "options": {"browsercontrol_css_enable": False},
    }
    if run.scope:
        for client in ("client", "client2"):
            config[client] = {**config[client], "scope": run.scope}
        config["resource"] = _resource(run, prepared)
    if run.is_ciba:
        config["automated_ciba_approval_url"] = approvals_url
        for client in ("client", "client2"):
            config[client] |= {"hint_type": "login_hint", "hint_value": prepared.username}
        config["client2"]["acr_value"] = ONE_FACTOR
    return config


def _server(prepared: Prepared) -> dict[str, Any]:
    return {
        "discoveryUrl": f"{prepared.issuer}/.well-known/openid-configuration",
        "login_hint": prepared.username,
        "jwks_refresh_delay": JWKS_REFRESH_SECONDS,
    }


def _clients(run: Run, prepared: Prepared) -> dict[str, Any]:
    if run.is_static:
        if run.clients not in prepared.sets:
            raise LookupError(f"{run.name} needs the clients {run.clients}, which were not prepared")
        return dict(prepared.sets[run.clients])
    token = prepared.initial_access_tokens.get(run.profile)
    more = {"initial_access_token": token} if token else {}
    return {name: {"client_name": f"Conformance {name}", **more} for name in ("client", "client2")}


def _resource(run: Run, prepared: Prepared) -> dict[str, Any]:
    certified = "mtls" in {run.variant.get("sender_constrain"), run.variant.get("client_auth_type")} or (
        "sender_constrain" not in run.variant
    )
    base = prepared.mtls_issuer if certified else prepared.issuer
    url = prepared.resource if run.variant.get("openid") == "plain_oauth" else f"{prepared.issuer}/oauth2/userinfo"
    found: dict[str, Any] = {"resourceUrl": base + url.removeprefix(prepared.issuer), "resourceMethod": "GET"}
    if run.is_rich:
        found["richAuthorizationRequest"] = rich_request()
    return found


def rich_request() -> list[dict[str, Any]]:
    """The authorization details that are asked for."""
    return [{"type": DETAILS_TYPE, "actions": ["read"]}]


def openid_pages(pages: Pages) -> list[tuple[str, list[Entry]]]:
    """What is different in single modules of the plans of OpenID Connect."""
    again = [pages.journey(screenshot(SIGN_IN, optional=True))]
    refused = [pages.refused("invalid_redirect_uri")]
    stays = [pages.journey(), pages.not_signed_out_for()]
    ends = [pages.journey(), pages.signed_out()]
    logo, link = "//form/preceding::img", "//form/following::a"
    return [
        ("oidcc-prompt-login", again),
        ("oidcc-max-age-1", again),
        ("oidcc-ensure-registered-redirect-uri", refused),
        ("oidcc-ensure-redirect-uri-in-authorization-request", refused),
        ("oidcc-redirect-uri-query-added", refused),
        ("oidcc-redirect-uri-query-mismatch", refused),
        ("oidcc-ensure-request-object-with-redirect-uri", refused),
        ("oidcc-registration-logo-uri", [pages.login_page(screenshot(".*", logo))]),
        ("oidcc-registration-policy-uri", [pages.login_page(screenshot("Privacy policy", link))]),
        ("oidcc-registration-tos-uri", [pages.login_page(screenshot("Terms of service", link))]),
        *((f"oidcc-rp-initiated-logout-{name}", stays) for name in _NOT_SIGNED_OUT),
        *((f"oidcc-rp-initiated-logout-{name}", ends) for name in _SIGNED_OUT_HERE),
    ]


_NOT_SIGNED_OUT = (
    "bad-post-logout-redirect-uri",
    "query-added-to-post-logout-redirect-uri",
    "modified-id-token-hint",
    "bad-id-token-hint",
    "no-id-token-hint",
)
_SIGNED_OUT_HERE = ("no-params", "only-state", "no-post-logout-redirect-uri")


def fapi_pages(pages: Pages) -> list[tuple[str, list[Entry]]]:
    """What is different in single modules of the plans of FAPI."""
    cancel = [pages.cancel()]
    twice = [pages.look_and_leave(), pages.journey_or_refusal()]
    again = "par-ensure-reused-request-uri-prior-to-auth-completion-succeeds"
    families = ("fapi1-advanced-final", "fapi2-security-profile-final")
    return [
        *((f"{family}-user-rejects-authentication", cancel) for family in families),
        *((f"{family}-{again}", twice) for family in families),
    ]
