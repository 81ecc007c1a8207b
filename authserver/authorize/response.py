"""The authorization response: one transaction consumes the interaction, stores grant and code, and tells of it."""

from __future__ import annotations

from authserver.authorize.context import Context
from authserver.authorize.outcomes import ClientResponse
from authserver.authorize.situation import Situation
from authserver.crypto.handles import Handles, Kind
from authserver.events.catalog import AuthorizationCodeIssued
from authserver.events.outbox import Recorder
from authserver.identity.sessions import SessionRegistry
from authserver.login.interactions import InteractionUnavailable
from authserver.protocol import validity
from authserver.protocol.errors import AccessDenied
from authserver.storage.frozen import frozen
from authserver.storage.models.grants import AuthorizationCode, Grant
from authserver.storage.models.sessions import Interaction, Session
from authserver.storage.unit import Unit


class CodeResponder:
    """Issues authorization codes. Nothing else does."""

    def __init__(self, issuer: str, handles: Handles, sessions: SessionRegistry, recorder: Recorder) -> None:
        self._issuer = issuer
        self._handles = handles
        self._sessions = sessions
        self._recorder = recorder

    def respond(self, unit: Unit, situation: Situation, interaction: Interaction | None) -> ClientResponse:
        """Issue a code for everything that was asked for and allowed.

        Raises:
            InteractionUnavailable: another request answered this interaction first.
        """
        context, session = situation.context, situation.session
        if session is None:
            raise AssertionError("a request without a session is interrupted before")
        if interaction is not None and not unit.interactions.consume(interaction.id):
            raise InteractionUnavailable("This sign-in is finished already.", reason="interaction_finished")
        self._sessions.touch(unit, session)
        scopes = self._allowed_scopes(situation)
        grant = unit.grants.add(self._grant(context, session, scopes))
        code = self._store_code(unit, context, grant)
        self._recorder.record(
            unit,
            AuthorizationCodeIssued(
                user_id=session.user_id,
                client_id=grant.client_id,
                session_id=session.id,
                grant_id=grant.id,
                scopes=tuple(sorted(scopes)),
                resources=tuple(grant.resources),
            ),
        )
        return self._deliver(context, code)

    def _allowed_scopes(self, situation: Situation) -> frozenset[str]:
        """What was asked for, less what the person took out on the consent page."""
        asked = situation.context.scopes
        consent = situation.consent
        scopes = asked if consent is None else asked & frozenset(consent.detail["scopes"])
        if asked and not scopes:
            raise AccessDenied(
                "The person allowed nothing of what was asked for.", reason="consent_empty", spec="RFC 6749 §4.1.2.1"
            )
        return scopes

    def _grant(self, context: Context, session: Session, scopes: frozenset[str]) -> Grant:
        client = context.verified_client
        return frozen(Grant).new(
            client_id=client.id,
            user_id=session.user_id,
            session_id=session.id,
            organization_id=session.organization_id,
            offline="offline_access" in scopes,
            scope=" ".join(sorted(scopes)),
            resources=list(context.audience),
            auth_time=session.auth_time,
            acr=session.acr,
            amr=list(session.amr),
            nonce=context.get("nonce"),
        )

    def _store_code(self, unit: Unit, context: Context, grant: Grant) -> str:
        handle = self._handles.issue(Kind.CODE)
        unit.codes.add(
            frozen(AuthorizationCode).new(
                digest=handle.digest,
                grant_id=grant.id,
                client_id=grant.client_id,
                redirect_uri=context.redirect_uri,
                code_challenge=context.code_challenge,
                scope=grant.scope,
                resources=list(context.requested_resources),
                nonce=grant.nonce,
                expires_at=validity.after(context.verified_client.policy.code_ttl),
            )
        )
        return handle.value

    def _deliver(self, context: Context, code: str) -> ClientResponse:
        parameters = [("code", code)]
        state = context.get("state")
        if state is not None:
            parameters.append(("state", state))
        parameters.append(("iss", self._issuer))
        return ClientResponse(context.redirect_uri, context.response_mode, tuple(parameters))
