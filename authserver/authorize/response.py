"""The authorization response: one transaction consumes the interaction, stores grant and code, and tells of it."""

from __future__ import annotations

from typing import Any

from authserver.authorize import pushed_requests
from authserver.authorize.context import Context
from authserver.authorize.front_channel import FrontChannel
from authserver.authorize.outcomes import ClientResponse, Issued, answer_to
from authserver.authorize.situation import Situation
from authserver.crypto.handles import Handles, Kind
from authserver.events.catalog import AuthorizationCodeIssued
from authserver.events.outbox import Recorder
from authserver.identity import profiles
from authserver.identity.sessions import SessionRegistry
from authserver.login.interactions import InteractionUnavailable
from authserver.protocol import validity
from authserver.protocol.errors import AccessDenied
from authserver.protocol.policy import CODE
from authserver.storage.frozen import frozen
from authserver.storage.models.grants import AuthorizationCode, Grant
from authserver.storage.models.sessions import Interaction, Session
from authserver.storage.unit import Unit


class Responder:
    """Issues authorization codes, and the grants behind every answer. Nothing else does."""

    def __init__(
        self,
        issuer: str,
        handles: Handles,
        sessions: SessionRegistry,
        recorder: Recorder,
        front_channel: FrontChannel,
    ) -> None:
        self._issuer = issuer
        self._handles = handles
        self._sessions = sessions
        self._recorder = recorder
        self._front_channel = front_channel

    def respond(self, unit: Unit, situation: Situation, interaction: Interaction | None) -> Issued:
        """Issue what the response type names, for everything that was asked for and allowed.

        Raises:
            InteractionUnavailable: another request answered this interaction first.
        """
        context, session = situation.context, situation.session
        if session is None:
            raise AssertionError("a request without a session is interrupted before")
        if interaction is not None and not unit.interactions.consume(interaction.id):
            raise InteractionUnavailable("This sign-in is finished already.", reason="interaction_finished")
        pushed_requests.consume(unit, context.pushed)
        self._sessions.touch(unit, session)
        scopes = self._allowed_scopes(situation)
        grant = unit.grants.add(self._grant(situation, session, scopes))
        code = self._issue_code(unit, context, grant) if context.wants(CODE) else None
        tokens = self._front_channel.prepare(unit, situation, grant, code)
        return Issued(self._deliver(context, code), tokens)

    def finish(self, issued: Issued) -> ClientResponse:
        """Sign what is to be signed, after the transaction."""
        if issued.tokens is None:
            return issued.response
        response = issued.response
        return response.with_parameters(self._front_channel.finish(issued.tokens) + response.parameters)

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

    @staticmethod
    def _allowed_claims(situation: Situation) -> dict[str, Any] | None:
        """What was asked for one by one, less what the person took out on the consent page."""
        asked, consent = situation.context.claims.only(profiles.STANDARD_CLAIMS), situation.consent
        if consent is not None:
            asked = asked.only(asked.names - (situation.claims - frozenset(consent.detail.get("claims", ()))))
        return asked.to_document()

    def _grant(self, situation: Situation, session: Session, scopes: frozenset[str]) -> Grant:
        context = situation.context
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
            claims=self._allowed_claims(situation),
            authorization_details=[dict(detail) for detail in context.authorization_details] or None,
        )

    def _issue_code(self, unit: Unit, context: Context, grant: Grant) -> str:
        self._recorder.record(
            unit,
            AuthorizationCodeIssued(
                user_id=grant.user_id,
                client_id=grant.client_id,
                session_id=grant.session_id,
                grant_id=grant.id,
                scopes=tuple(grant.scope.split()),
                resources=tuple(grant.resources),
            ),
        )
        handle, bound_key = self._handles.issue(Kind.CODE), context.get("dpop_jkt")
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
                cnf={"jkt": bound_key} if bound_key is not None else None,
                expires_at=validity.after(context.verified_client.policy.code_ttl),
            )
        )
        return handle.value

    def _deliver(self, context: Context, code: str | None) -> ClientResponse:
        parameters = [("code", code)] if code is not None else []
        state = context.get("state")
        if state is not None:
            parameters.append(("state", state))
        parameters.append(("iss", self._issuer))
        return answer_to(context, tuple(parameters))
