"""The closed catalogue of refusals.

`description` is public and may be shown to anybody; `reason` is a stable
machine word for logs, tests and `authserver explain`, and never leaves the
server. Whatever is not in this catalogue leaves as `server_error`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from authserver.protocol.characters import printable, visible


class ProtocolError(Exception):
    """A refusal with a registered error code.

    Args:
        description: what was wrong and what is allowed, safe to show.
        reason: stable private word, `code_replayed` for example.
        spec: the section that demands the refusal, `RFC 7636 §4.6` for example.
        setting: the client or server setting that decided, where there is one.
        details: private values for `authserver explain`; never secrets.
    """

    code: ClassVar[str] = "server_error"
    status: ClassVar[int] = 400

    def __init__(
        self,
        description: str = "",
        *,
        reason: str = "",
        spec: str = "",
        setting: str = "",
        details: dict[str, str] | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(f"{self.code}: {reason or description}")
        self.description = printable(description)
        self.reason = reason or self.code
        self.spec = spec
        self.setting = setting
        self.details = {name: visible(value) for name, value in details.items()} if details else {}
        self.headers = headers


class InvalidRequest(ProtocolError):
    """A parameter is missing, repeated or malformed (RFC 6749 §4.1.2.1, §5.2)."""

    code = "invalid_request"


class InvalidClient(ProtocolError):
    """Client authentication failed (RFC 6749 §5.2)."""

    code = "invalid_client"
    status = 401


class InvalidGrant(ProtocolError):
    """The code, refresh token or other credential is not good (RFC 6749 §5.2)."""

    code = "invalid_grant"


class UnauthorizedClient(ProtocolError):
    """This client may not use this grant or response type (RFC 6749 §4.1.2.1, §5.2)."""

    code = "unauthorized_client"


class UnsupportedGrantType(ProtocolError):
    """No such grant here (RFC 6749 §5.2)."""

    code = "unsupported_grant_type"


class UnsupportedResponseType(ProtocolError):
    """No such response type here (RFC 6749 §4.1.2.1)."""

    code = "unsupported_response_type"


class InvalidScope(ProtocolError):
    """A scope is unknown, malformed or more than was granted (RFC 6749 §3.3)."""

    code = "invalid_scope"


class InvalidTarget(ProtocolError):
    """A resource is unknown or not allowed (RFC 8707 §2)."""

    code = "invalid_target"


class AccessDenied(ProtocolError):
    """The resource owner or the server said no (RFC 6749 §4.1.2.1)."""

    code = "access_denied"


class ServerError(ProtocolError):
    """Something unexpected happened (RFC 6749 §4.1.2.1)."""

    code = "server_error"
    status = 500


class TemporarilyUnavailable(ProtocolError):
    """Overload or maintenance (RFC 6749 §4.1.2.1)."""

    code = "temporarily_unavailable"
    status = 503


class LoginRequired(ProtocolError):
    """prompt=none, and the user would have to log in (OIDC Core §3.1.2.6)."""

    code = "login_required"


class ConsentRequired(ProtocolError):
    """prompt=none, and the user would have to consent (OIDC Core §3.1.2.6)."""

    code = "consent_required"


class InteractionRequired(ProtocolError):
    """prompt=none, and some page would have to be shown (OIDC Core §3.1.2.6)."""

    code = "interaction_required"


class AccountSelectionRequired(ProtocolError):
    """prompt=none, and the user would have to choose an account (OIDC Core §3.1.2.6)."""

    code = "account_selection_required"


class UnmetAuthenticationRequirements(ProtocolError):
    """An essential acr was not reached (OpenID Connect Core Unmet Authentication Requirements §2)."""

    code = "unmet_authentication_requirements"


class RequestNotSupported(ProtocolError):
    """Request objects by value are not offered (OIDC Core §6.1)."""

    code = "request_not_supported"


class RequestURINotSupported(ProtocolError):
    """Request objects by reference are not offered (OIDC Core §6.2)."""

    code = "request_uri_not_supported"


class InvalidRequestObject(ProtocolError):
    """The request object is not good (OIDC Core §3.1.2.6, RFC 9101 §7)."""

    code = "invalid_request_object"


class InvalidRequestURI(ProtocolError):
    """The request_uri names nothing that can be used (OIDC Core §3.1.2.6, RFC 9101 §7)."""

    code = "invalid_request_uri"


class InvalidAuthorizationDetails(ProtocolError):
    """The authorization details are of an unknown type or malformed (RFC 9396 §5)."""

    code = "invalid_authorization_details"


class InvalidDPoPProof(ProtocolError):
    """The DPoP proof is missing or not good (RFC 9449 §5)."""

    code = "invalid_dpop_proof"


class UseDPoPNonce(ProtocolError):
    """The proof needs the nonce that comes with this answer (RFC 9449 §8)."""

    code = "use_dpop_nonce"


class AuthorizationPending(ProtocolError):
    """The person has not decided yet (RFC 8628 §3.5, CIBA Core §11)."""

    code = "authorization_pending"


class SlowDown(ProtocolError):
    """Asked again too soon: the interval grows by five seconds (RFC 8628 §3.5, CIBA Core §11)."""

    code = "slow_down"


class ExpiredToken(ProtocolError):
    """The device code or auth_req_id has expired (RFC 8628 §3.5, CIBA Core §11)."""

    code = "expired_token"


class UnknownUserID(ProtocolError):
    """The hint names nobody who can be asked (CIBA Core §13)."""

    code = "unknown_user_id"


class InvalidBindingMessage(ProtocolError):
    """The binding message cannot be shown (CIBA Core §13)."""

    code = "invalid_binding_message"


class PersonNotAsked(AccessDenied):
    """The server does not ask this person now (CIBA Core §13)."""

    status = 403


class RegistrationNotSupported(ProtocolError):
    """Registration inside the request is not offered (OIDC Core §7.2.1)."""

    code = "registration_not_supported"


class InvalidToken(ProtocolError):
    """The access token is malformed, expired, revoked or not for this resource (RFC 6750 §3.1)."""

    code = "invalid_token"
    status = 401


class InsufficientScope(ProtocolError):
    """The access token carries too little scope (RFC 6750 §3.1)."""

    code = "insufficient_scope"
    status = 403


class InsufficientUserAuthentication(ProtocolError):
    """The person must authenticate again, or more strongly (RFC 9470 §3).

    `demands` are the parameters of the challenge: `acr_values`, or `max_age` in seconds.
    """

    code = "insufficient_user_authentication"
    status = 401

    def __init__(self, description: str, *, demands: tuple[tuple[str, str], ...] = (), **private: Any) -> None:
        super().__init__(description, **private)
        self.demands = demands


class UntrustedRequest(ProtocolError):
    """Client or redirect URI are not verified: the answer is a page and never a redirect (RFC 6749 §4.1.2.1)."""

    code = "invalid_request"


class UnknownClient(UntrustedRequest):
    """The client_id names nobody; shown as a page."""

    code = "invalid_client"


class InvalidRedirectURI(UntrustedRequest):
    """The redirect URI is not registered; shown as a page."""

    code = "invalid_redirect_uri"


class InvalidClientMetadata(ProtocolError):
    """Something that a client wants to register cannot be accepted (RFC 7591 §3.2.2)."""

    code = "invalid_client_metadata"


class UnacceptableRedirectURI(ProtocolError):
    """A redirect URI that a client wants to register cannot be accepted (RFC 7591 §3.2.2)."""

    code = "invalid_redirect_uri"


class InvalidSoftwareStatement(ProtocolError):
    """The software statement is malformed, expired or wrongly signed (RFC 7591 §3.2.2)."""

    code = "invalid_software_statement"


class UnapprovedSoftwareStatement(ProtocolError):
    """The software statement comes from somebody who is not trusted here (RFC 7591 §3.2.2)."""

    code = "unapproved_software_statement"


class RegistrationRefused(AccessDenied):
    """Clients cannot register themselves here, or not now."""

    status = 403


Effect = Callable[[Any], object]


class Refused(Exception):
    """A refusal whose defensive effects must be kept.

    The unit of work rolls back what was begun, runs `effects` with itself as
    their argument in a transaction of their own, commits, and raises `error`, or
    what an effect returned as the error that turned out to be the right one.
    """

    def __init__(self, error: Exception, *effects: Effect) -> None:
        super().__init__(str(error))
        self.error = error
        self.effects = effects


class ApplicationError(Exception):
    """A refusal of the product's own interfaces: command line, JSON API, pages."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"

    def __init__(self, message: str, *, field: str = "", retry_after: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.retry_after = retry_after


class ValidationError(ApplicationError):
    """A value is not acceptable; `field` names it."""

    code = "validation_failed"


class AuthenticationError(ApplicationError):
    """Who is asking could not be established."""

    status = 401
    code = "unauthorized"


class AuthorizationError(ApplicationError):
    """Who is asking may not do this."""

    status = 403
    code = "forbidden"


class NotFound(ApplicationError):
    """There is no such thing, or it is not the asker's to see."""

    status = 404
    code = "not_found"


class ConflictError(ApplicationError):
    """It exists already, or it changed meanwhile."""

    status = 409
    code = "conflict"


class AccountLocked(ApplicationError):
    """Too many failures; the account is locked for `retry_after` seconds."""

    status = 423
    code = "account_locked"


class RateLimited(ApplicationError):
    """Too many requests; try again after `retry_after` seconds."""

    status = 429
    code = "rate_limited"


class ExternalServiceError(ApplicationError):
    """Something that this server depends on did not answer."""

    status = 503
    code = "service_unavailable"
