"""Client assertions: a JWT by which a client says who it is (RFC 7521 §4.2, RFC 7523 §2.2 and §3, OIDC Core §9).

The rules here hold for both methods; what signs the JWT is each method's own.
An assertion counts once: its `jti` is kept until it expires, in a store that
refuses rather than forgets.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, TypeGuard

from authserver.clients.authentication.credentials import WORDS, Credentials, refusal
from authserver.clients.directory import Client
from authserver.protocol import validity
from authserver.protocol.errors import InvalidClient, InvalidRequest, InvalidToken
from authserver.protocol.messages import Request
from authserver.protocol.policy import SIGNING_ALGORITHMS
from authserver.storage.ephemeral import Ephemeral
from authserver.tokens import foreign

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAC_ALGORITHMS: Final = tuple(foreign.MAC_HASHES)
ASSERTION_ALGORITHMS: Final = (*SIGNING_ALGORITHMS, *MAC_ALGORITHMS)
"""What discovery lists; which of them a client may use its registration and policy say."""

LONGEST_SECONDS: Final = 3600
"""How far ahead `exp` may lie: an assertion that somebody steals should soon be worth nothing."""
AHEAD_SECONDS: Final = 30
"""How far ahead `nbf` and `iat` may lie, because clocks differ: 10 s must pass, 60 s must not."""
LONGEST_JTI: Final = 255

TOKEN_PATH: Final = "/oauth2/token"


def read(request: Request) -> Credentials | None:
    """The assertion of the body, where it has one, and the client that it names; nothing is verified yet.

    Raises:
        InvalidRequest: assertion or type came without the other.
        InvalidClient: it is of another type, cannot be read, or names no client or two.
    """
    form = request.form
    token, kind = form.get("client_assertion"), form.get("client_assertion_type")
    if token is None and kind is None:
        return None
    if token is None or kind is None:
        raise InvalidRequest(
            "client_assertion and client_assertion_type go together.",
            reason="assertion_incomplete",
            spec="RFC 7521 §4.2",
        )
    if kind != ASSERTION_TYPE:
        raise InvalidClient(
            f"client_assertion_type takes {ASSERTION_TYPE}.", reason="assertion_type_unknown", spec="RFC 7523 §2.2"
        )
    try:
        assertion = foreign.parse(token)
    except InvalidToken as error:
        raise InvalidClient(WORDS, reason=f"assertion_{error.reason}", spec="RFC 7523 §3") from error
    method = "client_secret_jwt" if assertion.alg in MAC_ALGORITHMS else "private_key_jwt"
    credentials = Credentials(method, _named(assertion), assertion=assertion, path=request.path)
    if form.get("client_id") not in {None, credentials.client_id}:
        raise refusal(credentials, reason="two_clients", spec="RFC 7521 §4.2")
    return credentials


def _named(assertion: foreign.Foreign) -> str:
    subject = assertion.claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise InvalidClient(WORDS, reason="assertion_subject_missing", spec="RFC 7523 §3")
    return subject


class AssertionRules:
    """What the claims of an assertion must say, once its signature is right.

    Args:
        issuer: this server, exactly as clients know it.
        addresses: every address under which it may be reached, the issuer's among them.
        ephemeral: remembers which assertions were used.
    """

    def __init__(self, issuer: str, addresses: Collection[str], ephemeral: Ephemeral) -> None:
        self._issuer = issuer
        self._addresses = tuple(address.rstrip("/") for address in addresses)
        self._ephemeral = ephemeral

    def check(self, client: Client, credentials: Credentials, claims: Mapping[str, Any]) -> None:
        """Raises InvalidClient unless every claim is as RFC 7523 §3 wants it, and this is its first use."""
        if claims.get("iss") != client.id or claims.get("sub") != client.id:
            raise refusal(credentials, reason="assertion_issuer_wrong", spec="RFC 7523 §3")
        self._check_audience(client, credentials, claims.get("aud"))
        lifetime = _check_times(credentials, claims)
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
            raise refusal(credentials, reason="assertion_jti_missing", spec="OIDC Core §9")
        # Last of all: who cannot sign must not use up what belongs to somebody else.
        if not self._ephemeral.once(f"client assertion {client.id} {jti}", lifetime):
            raise refusal(credentials, reason="assertion_replayed", spec="RFC 7523 §3")

    def _check_audience(self, client: Client, credentials: Credentials, audience: Any) -> None:
        """By policy the issuer alone, as a string: an assertion for two servers can be replayed by one of them."""
        if client.policy.assertion_audience == "issuer":
            good = audience == self._issuer
        else:
            named = audience if isinstance(audience, list) else [audience]
            good = any(isinstance(name, str) and name in self._endpoints(credentials.path) for name in named)
        if not good:
            raise refusal(
                credentials,
                reason="assertion_audience_wrong",
                spec="RFC 7523 §3",
                setting=f"client {client.id}: assertion_audience",
            )

    def _endpoints(self, path: str) -> frozenset[str]:
        asked = {address + known for address in self._addresses for known in (TOKEN_PATH, path)}
        return frozenset({self._issuer, *asked})


def _check_times(credentials: Credentials, claims: Mapping[str, Any]) -> float:
    """The seconds for which the assertion is still good."""
    moment = validity.now().timestamp()
    expires = claims.get("exp")
    if not _is_time(expires):
        raise refusal(credentials, reason="assertion_exp_missing", spec="RFC 7523 §3")
    if expires <= moment:
        raise refusal(credentials, reason="assertion_expired", spec="RFC 7523 §3")
    if expires > moment + LONGEST_SECONDS + AHEAD_SECONDS:
        raise refusal(credentials, reason="assertion_lives_too_long", spec="RFC 7523 §3")
    for name in ("nbf", "iat"):
        if name in claims and not (_is_time(claims[name]) and claims[name] <= moment + AHEAD_SECONDS):
            raise refusal(credentials, reason="assertion_from_the_future", spec="RFC 7523 §3")
    return float(expires - moment)


def _is_time(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def signed_as_registered(
    client: Client, credentials: Credentials, offered: Collection[str]
) -> tuple[foreign.Foreign, frozenset[str]]:
    """The assertion, if the algorithm it names is the one that the client registered, or one of `offered`.

    Raises:
        InvalidClient: it names another one.
    """
    registered = client.extensions.token_endpoint_auth_signing_alg
    allowed = frozenset(offered) if registered is None else frozenset({registered}).intersection(offered)
    assertion = credentials.assertion
    if assertion is None or assertion.alg not in allowed:
        raise refusal(
            credentials,
            reason="assertion_algorithm_not_allowed",
            spec="RFC 8725 §3.1",
            setting=f"client {client.id}: token_endpoint_auth_signing_alg, signing_algorithms",
        )
    return assertion, allowed
