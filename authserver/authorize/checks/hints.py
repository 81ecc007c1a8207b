"""What the client says about the person: prompt, max_age, id_token_hint."""

from __future__ import annotations

from authserver.authorize.collaborators import Collaborators
from authserver.authorize.context import Context
from authserver.protocol.errors import InvalidRequest, InvalidToken

PROMPTS = frozenset({"none", "login", "consent", "select_account"})


def check_prompt(context: Context, _: Collaborators) -> None:
    """Known values only, and `none` alone (OIDC Core §3.1.2.1)."""
    prompts = frozenset((context.get("prompt") or "").split())
    if prompts - PROMPTS:
        raise InvalidRequest(
            "prompt takes none, login, consent, select_account.", reason="prompt_unknown", spec="OIDC Core §3.1.2.1"
        )
    if "none" in prompts and len(prompts) > 1:
        raise InvalidRequest(
            "prompt=none goes with no other value.", reason="prompt_none_combined", spec="OIDC Core §3.1.2.1"
        )
    context.prompts = prompts


def check_max_age(context: Context, _: Collaborators) -> None:
    """A whole number of seconds, not negative; the client's default where none is sent (OIDC Core §3.1.2.1)."""
    text = context.get("max_age")
    if text is None:
        context.max_age = context.verified_client.extensions.default_max_age
        return
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        raise InvalidRequest(
            "max_age takes a whole number of seconds.", reason="max_age_malformed", spec="OIDC Core §3.1.2.1"
        )
    context.max_age = int(text)


def load_id_token_hint(context: Context, collaborators: Collaborators) -> None:
    """The hint is an ID token of ours, for this client; an expired one counts (OIDC Core §3.1.2.1)."""
    hint = context.get("id_token_hint")
    if hint is None:
        return
    try:
        claims = collaborators.hints.read(hint)
    except InvalidToken as error:
        raise InvalidRequest(
            "id_token_hint is not an ID token of this server.",
            reason=f"id_token_hint_{error.reason}",
            spec="OIDC Core §3.1.2.1",
        ) from error
    if claims.client_id != context.verified_client.id:
        raise InvalidRequest(
            "id_token_hint was issued to another application.",
            reason="id_token_hint_other_client",
            spec="OIDC Core §3.1.2.1",
        )
    context.expected_subject = claims.subject
