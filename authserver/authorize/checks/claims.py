"""Which claims are asked for one by one (OIDC Core §5.5)."""

from __future__ import annotations

from authserver.authorize.collaborators import Collaborators
from authserver.authorize.context import Context
from authserver.protocol import claims
from authserver.protocol.errors import InvalidRequest


def check_claims(context: Context, collaborators: Collaborators) -> None:
    """The parameter has the form of §5.5; a subject in it says whom the answer may be about, like a hint."""
    text = context.get("claims")
    if text is None or not context.is_openid:
        return
    try:
        context.claims = claims.parse(text)
    except ValueError as error:
        raise InvalidRequest(f"{error}.", reason="claims_malformed", spec="OIDC Core §5.5") from error
    named = context.claims.subject
    if named is None:
        return
    subject = collaborators.subjects.named_by(context.verified_client, named)
    if context.expected_subject not in {None, subject}:
        raise InvalidRequest(
            "id_token_hint and claims name different subjects.",
            reason="claims_other_subject",
            spec="OIDC Core §5.5.1",
        )
    context.expected_subject = subject
