"""The guard of protected resources of ours: who asks, may they, and is the token theirs (RFC 6750, RFC 9449 §7).

`Guard.around` turns a function of a request and its token into a handler. A
token that is bound to a key opens nothing without that key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from authserver.authorize.dispatch import ACR_ORDER
from authserver.edge.chain import Handler
from authserver.edge.cors import allowing
from authserver.endpoints import protected_resource
from authserver.endpoints.machine_errors import render
from authserver.issuing.reading import ReadToken
from authserver.protocol import validity
from authserver.protocol.errors import (
    InsufficientScope,
    InsufficientUserAuthentication,
    InvalidDPoPProof,
    InvalidRequest,
    InvalidToken,
    ProtocolError,
    UseDPoPNonce,
)
from authserver.protocol.messages import NO_STORE, Request, Response
from authserver.protocol.policy import SIGNING_ALGORITHMS
from authserver.services import Services
from authserver.tokens import mutual_tls
from authserver.tokens.confirmation import JKT, X5T, Confirmation

Scheme = Literal["Bearer", "DPoP"]
Guarded = Callable[[Request, ReadToken], Response]

BEARER: Final = "Bearer"
DPOP: Final = "DPoP"
_SCHEMES: Final[dict[str, Scheme]] = {"bearer": BEARER, "dpop": DPOP}


@dataclass(frozen=True, slots=True)
class Presented:
    """An access token as it came in."""

    scheme: Scheme
    value: str


class Guard:
    """Stands before a protected resource.

    Args:
        name: of the resource, for the explanations of refusals.
        audience: what tokens must be for.
        scope: what they must allow.
        path: where the resource is, for the address of its metadata (RFC 9728 §5.1).
        acr: the lowest level of authentication; that of the client's policy counts too (RFC 9470).
        max_age: seconds since the authentication, at most.
    """

    def __init__(
        self,
        services: Services,
        name: str,
        *,
        audience: str,
        scope: str,
        path: str = "",
        acr: str = "",
        max_age: int | None = None,
    ) -> None:
        self._services = services
        self._metadata = protected_resource.address(services.settings.issuer, path)
        self._acr = acr
        self._max_age = max_age
        self._name = name
        self._audience = audience
        self._scope = scope

    def around(self, answer: Guarded) -> Handler:
        """`answer`, for requests with a good token; refusals are explained in WWW-Authenticate (RFC 6750 §3)."""

        def handle(request: Request) -> Response:
            try:
                presented = presented_token(request)
            except ProtocolError as error:
                return self._refuse(error, BEARER)
            if presented is None:
                return Response(401, (*challenges(self._metadata), *NO_STORE))
            return self._answer(request, presented, answer)

        return handle

    def _answer(self, request: Request, presented: Presented, answer: Guarded) -> Response:
        token = self._services.token_reader.look_up_access_token(presented.value)
        scheme = presented.scheme
        if token is not None and JKT in _cnf(token):
            scheme = DPOP
        try:
            good = require(token, audience=self._audience, scope=self._scope)
            self._check_key(request, presented, good)
            self._check_authentication(good)
            response = answer(request, good).with_headers(*self._services.dpop.nonce_headers(request))
        except ProtocolError as error:
            response = self._refuse(error, scheme)
        # A script learns why it was refused, if the token is one that was given to its client.
        client = self._services.clients.find(token.client_id) if token is not None else None
        return allowing(response, client.origins) if client is not None else response

    def _check_key(self, request: Request, presented: Presented, token: ReadToken) -> None:
        """A bound token is worth nothing without its key (RFC 9449 §7.1, RFC 8705 §3)."""
        cnf = _cnf(token)
        if presented.scheme == DPOP:
            self._check_proof(request, presented, token)
        elif JKT in cnf:
            # Whoever stole the token would otherwise just leave the proof out (RFC 9449 §7.2).
            raise InvalidToken(
                "The access token is bound to a key: use the scheme DPoP and send a proof.",
                reason="dpop_token_sent_as_bearer",
                spec="RFC 9449 §7.2",
            )
        if X5T in cnf:
            certificate = mutual_tls.of_request(request)
            if not Confirmation(x5t=certificate.thumbprint if certificate else None).holds(cnf, X5T):
                raise InvalidToken(
                    "The access token is bound to a client certificate that the connection does not have.",
                    reason="certificate_of_other_token",
                    spec="RFC 8705 §3",
                )

    def _check_authentication(self, token: ReadToken) -> None:
        """What the client's policy demands of a login may have risen since the token was issued."""
        client = self._services.clients.find(token.client_id)
        demanded = client.policy.required_acr if client is not None else ""
        require_authentication(token, acr=max(self._acr, demanded, key=ACR_ORDER.index), max_age=self._max_age)

    def _check_proof(self, request: Request, presented: Presented, token: ReadToken) -> None:
        client = self._services.clients.find(token.client_id)
        algorithms = client.policy.signing_algorithms if client is not None else frozenset[str]()
        jkt = self._services.dpop.proof_key(request, algorithms, access_token=presented.value)
        if jkt is None:
            raise InvalidDPoPProof(
                "A DPoP proof is required.", reason="dpop_proof_of_token_missing", spec="RFC 9449 §7.1"
            )
        if JKT not in _cnf(token) or not Confirmation(jkt=jkt).holds(_cnf(token), JKT):
            raise InvalidToken(
                "The access token is not bound to the key of the DPoP proof.",
                reason="dpop_key_of_other_token",
                spec="RFC 9449 §7.1",
            )

    def _refuse(self, error: ProtocolError, scheme: Scheme) -> Response:
        reference = self._services.explanations.keep(error, self._name)
        scope = self._scope if error.code == "insufficient_scope" else ""
        rendered = render(error, reference)
        # What is 400 at the token endpoint is a lack of credentials here (RFC 9449 §7.1, §9).
        status = 401 if isinstance(error, InvalidDPoPProof | UseDPoPNonce) else rendered.status
        return Response(status, (*rendered.headers, challenge(error, scope, scheme, self._metadata)), rendered.body)


def challenges(metadata: str = "") -> tuple[tuple[str, str], ...]:
    """The WWW-Authenticate headers for a request that simply carried no token: each way to send one (RFC 6750 §3.1)."""
    return challenge(metadata=metadata), challenge(scheme=DPOP, metadata=metadata)


def challenge(
    error: ProtocolError | None = None, scope: str = "", scheme: Scheme = BEARER, metadata: str = ""
) -> tuple[str, str]:
    """One WWW-Authenticate header.

    DPoP tells the algorithms that a proof may be signed with (RFC 9449 §7.1), `metadata` where the resource is
    described (RFC 9728 §5.1), and a refusal what authentication it demands (RFC 9470 §3).
    """
    parts = ['realm="authserver"']
    if error is not None:
        parts += [f'error="{error.code}"', f'error_description="{error.description}"']
    if scope:
        parts.append(f'scope="{scope}"')
    if isinstance(error, InsufficientUserAuthentication):
        parts += [f'{name}="{value}"' for name, value in error.demands]
    if metadata:
        parts.append(f'resource_metadata="{metadata}"')
    if scheme == DPOP:
        parts.append(f'algs="{" ".join(SIGNING_ALGORITHMS)}"')
    return "WWW-Authenticate", f"{scheme} {', '.join(parts)}"


def presented_token(request: Request) -> Presented | None:
    """The token in the Authorization header or the form body; one in the query does not count (RFC 6750 §2.3).

    Raises:
        InvalidRequest: it came in more than one way.
    """
    name, _, credentials = request.headers.get("authorization", "").partition(" ")
    scheme = _SCHEMES.get(name.lower())
    in_header = credentials.strip() if scheme is not None else ""
    try:
        in_body = request.form.all("access_token") if request.method == "POST" else ()
        in_query = request.query.all("access_token")
    except ValueError as error:
        raise InvalidRequest(
            "The body cannot be read as a form.", reason="form_malformed", spec="RFC 6750 §2.2"
        ) from error
    if bool(in_header) + len(in_body) + len(in_query) > 1:
        raise InvalidRequest(
            "The access token must be sent in one way only.", reason="token_sent_twice", spec="RFC 6750 §2"
        )
    if in_header and scheme is not None:
        return Presented(scheme, in_header)
    return Presented(BEARER, in_body[0]) if in_body else None


def require(token: ReadToken | None, *, audience: str, scope: str) -> ReadToken:
    """`token`, if it is a live access token for `audience` with `scope`.

    Raises:
        InvalidToken: unknown, dead, or for somebody else; `reason` tells expired from invalid.
        InsufficientScope: good, but not for this.
    """
    if token is None:
        raise InvalidToken("The access token is not valid.", reason="token_invalid", spec="RFC 6750 §3.1")
    if token.dead == "token_expired":
        raise InvalidToken("The access token has expired.", reason="token_expired", spec="RFC 6750 §3.1")
    if token.dead is not None:
        raise InvalidToken("The access token is not valid any more.", reason=token.dead, spec="RFC 6750 §3.1")
    if audience not in token.audience:
        raise InvalidToken(
            "The access token is for another resource.", reason="token_for_other_audience", spec="RFC 9068 §4"
        )
    if scope not in token.scopes:
        raise InsufficientScope(
            f"The access token lacks the scope {scope}.", reason="scope_missing", spec="RFC 6750 §3.1"
        )
    return token


def require_authentication(token: ReadToken, *, acr: str = "", max_age: int | None = None) -> ReadToken:
    """`token`, if the person behind it authenticated as strongly as `acr` and within `max_age` seconds.

    Raises:
        InsufficientUserAuthentication: with what is demanded, for the client to ask for at the authorization endpoint.
    """
    reached = str(token.claims.get("acr", ""))
    if acr and (reached not in ACR_ORDER or ACR_ORDER.index(reached) < ACR_ORDER.index(acr)):
        raise InsufficientUserAuthentication(
            "A stronger authentication is required.",
            demands=(("acr_values", acr),),
            reason="acr_too_low",
            spec="RFC 9470 §3",
        )
    auth_time = token.claims.get("auth_time")
    if max_age is not None and (auth_time is None or validity.timestamp() - int(auth_time) > max_age):
        raise InsufficientUserAuthentication(
            "A more recent authentication is required.",
            demands=(("max_age", str(max_age)),),
            reason="authentication_too_old",
            spec="RFC 9470 §3",
        )
    return token


def _cnf(token: ReadToken) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", token.claims.get("cnf") or {})
