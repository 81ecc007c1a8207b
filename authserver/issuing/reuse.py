"""What happens when a credential that was used up comes back: somebody has it who should not."""

from __future__ import annotations

from authserver.events.catalog import GrantRevoked, RefreshTokenRevoked, SuspiciousActivityDetected
from authserver.events.outbox import Recorder
from authserver.identity.sessions import SessionRegistry
from authserver.storage.unit import Unit


class ReuseResponse:
    """Ends the grant with every token that hangs on it, and tells of it. Twice is as good as once."""

    def __init__(self, recorder: Recorder, sessions: SessionRegistry) -> None:
        self._recorder = recorder
        self._sessions = sessions

    def end(self, unit: Unit, grant_id: str, reason: str, *, ends_session: bool) -> None:
        """End a grant because of `reason`; its session too where the client's policy says so.

        The grant is read anew: this is the effect of a refusal, and rows that
        the refused transaction read are gone with it.
        """
        grant = unit.grants.find(grant_id)
        if grant is None:
            return
        user, client, session = grant.user_id, grant.client_id, grant.session_id
        record = self._recorder.record
        record(
            unit,
            SuspiciousActivityDetected(
                reason=reason, user_id=user, client_id=client, session_id=session, grant_id=grant.id
            ),
        )
        if unit.refresh_tokens.revoke_family(grant.id):
            record(
                unit,
                RefreshTokenRevoked(
                    reason=reason,
                    family_id=grant.id,
                    user_id=user,
                    client_id=client,
                    session_id=session,
                    grant_id=grant.id,
                ),
            )
        if unit.grants.revoke(grant.id, reason):
            record(
                unit,
                GrantRevoked(reason=reason, user_id=user, client_id=client, session_id=session, grant_id=grant.id),
            )
        if ends_session and session is not None and user is not None:
            self._sessions.end(unit, session, user, reason)
