"""The page for a password that somebody else chose: it must be replaced before anything is issued."""

from __future__ import annotations

from authserver.identity.passwords import PasswordRefused
from authserver.interaction.step import Step, Visit
from authserver.login.facts import Fact, FactKind
from authserver.login.interactions import InteractionUnavailable
from authserver.protocol.messages import Response
from authserver.storage.models.users import User
from authserver.storage.unit import Unit
from authserver.web.page_values import ChangePasswordPage, PasswordProblem, PasswordRules

PROBLEMS = {
    "too_short": PasswordProblem.TOO_SHORT,
    "too_long": PasswordProblem.TOO_LONG,
    "too_uniform": PasswordProblem.MISSING_CLASS,
    "is_a_name": PasswordProblem.CONTAINS_NAME,
    "unchanged": PasswordProblem.UNCHANGED,
}


class ChangePasswordStep(Step):
    """Proves that the person has replaced the password; the old one was proven in this interaction."""

    name = "change_password"
    path = "/password/change"

    def show(self, visit: Visit) -> Response:
        """The page."""
        user = self._person(visit)
        return self._render(visit, user, ()) if user.password_must_change else self.resume(visit)

    def renew(self, visit: Visit) -> Response:
        """The page once more, because the form was too old."""
        return self._render(visit, self._person(visit), (PasswordProblem.EXPIRED,), status=403)

    def post(self, visit: Visit) -> Response:
        """Take the new password."""
        form = visit.request.form
        if form.get("action") == "cancel":
            return self._cancel(visit)
        user = self._person(visit)
        if not user.password_must_change:
            return self.resume(visit)
        new, repeated = form.get("new_password") or "", form.get("repeat_password") or ""
        problems = _problems(new, repeated)
        if problems:
            return self._render(visit, user, problems, status=400)
        try:
            prepared = self.services.passwords.prepare(new, user)
        except PasswordRefused as refused:
            return self._render(visit, user, _translated(refused), status=400)
        with self.services.database.unit() as unit:
            unit.users.hold(user.id)
            interaction, current = self.current(unit, visit), self._proven(unit, visit)
            if current.password_hash != user.password_hash:
                raise _over()
            self.services.ledger.prove(unit, interaction, Fact(FactKind.PASSWORD_CHANGED, user.id))
            # Whoever chose the old password, or was told it, may have signed in with it too.
            self.services.sessions.end_others(unit, current, interaction.session_id, "password_changed")
            self.services.passwords.change(unit, current, prepared)
        return self.resume(visit)

    def _person(self, visit: Visit) -> User:
        """Whoever proved the old password in this interaction."""
        with self.services.database.reading() as unit:
            return self._proven(unit, visit)

    def _proven(self, unit: Unit, visit: Visit) -> User:
        """Whoever proved the old password in this interaction, still signed in by it; a session alone is not enough.

        What ends the session (a reset by an administrator, a closed account) ends what the old password proved.
        """
        login = visit.facts.login
        if login is None or login.user_id is None:
            raise _over()
        session, user = unit.sessions.find(login.detail["session"]), unit.users.find(login.user_id)
        if session is None or not session.is_live or user is None or not user.may_sign_in:
            raise _over()
        return user

    def _cancel(self, visit: Visit) -> Response:
        with self.services.database.unit() as unit:
            fact = Fact(FactKind.DENIED, detail={"by": "cancel"})
            self.services.ledger.prove(unit, self.current(unit, visit), fact)
        return self.resume(visit)

    def _render(self, visit: Visit, user: User, problems: tuple[PasswordProblem, ...], status: int = 200) -> Response:
        policy = self.services.passwords.policy
        every = policy.classes >= 4
        page = ChangePasswordPage(
            form=self.form(visit),
            username=user.username or user.email or "",
            rules=PasswordRules(policy.min_length, policy.max_length, every, every, every, every),
            application=visit.application,
            problems=problems,
        )
        return self.render(visit, page, status=status)


def _problems(new: str, repeated: str) -> tuple[PasswordProblem, ...]:
    if not new:
        return (PasswordProblem.MISSING,)
    return () if new == repeated else (PasswordProblem.MISMATCH,)


def _over() -> InteractionUnavailable:
    return InteractionUnavailable("Sign in again to change the password.", reason="interaction_expired")


def _translated(refused: PasswordRefused) -> tuple[PasswordProblem, ...]:
    return tuple(dict.fromkeys(PROBLEMS.get(problem.code, PasswordProblem.COMMON) for problem in refused.problems))
