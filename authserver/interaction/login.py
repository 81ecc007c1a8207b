"""The login page: name and password."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from authserver.edge.headers import FAILURE
from authserver.identity.authentication import AccountDeleted, AccountDisabled
from authserver.interaction.step import Step, Visit
from authserver.login.facts import Fact, FactKind
from authserver.login.interactions import advanced
from authserver.protocol import limits
from authserver.protocol.errors import AccountLocked, ApplicationError, RateLimited
from authserver.protocol.messages import Response
from authserver.storage.models.users import User
from authserver.web.page_values import LoginPage, LoginProblem

# Reasons to ask somebody who is signed in once more, and those by which somebody else may be meant.
ONCE_MORE = frozenset({"login_prompt", "max_age", "password_must_change"})
ANYBODY = frozenset({"no_session", "other_account", "id_token_hint"})

PROBLEMS: Mapping[type[ApplicationError], LoginProblem] = MappingProxyType(
    {
        AccountLocked: LoginProblem.LOCKED,
        RateLimited: LoginProblem.DELAYED,
        # Both are raised for the right password alone, so they tell a stranger nothing.
        AccountDeleted: LoginProblem.ACCOUNT_DELETED,
        AccountDisabled: LoginProblem.ACCOUNT_DISABLED,
    }
)
"""Refusals that the page tells apart; every other one is a name and a password that do not match."""


class LoginStep(Step):
    """Proves a password, signs the person in, and gives the browser new cookies."""

    name = "login"
    path = "/login"

    def show(self, visit: Visit) -> Response:
        """The page, with the name that `login_hint` proposes or the session has, unless another account is wanted."""
        hint = "" if visit.facts.wants_other_account else visit.parameters.get("login_hint") or self._own_name(visit)
        return self._render(visit, username=hint[: limits.of_parameter("username")])

    def renew(self, visit: Visit) -> Response:
        """The page once more, because the form was too old."""
        username = (visit.request.form.get("username") or "").strip()
        return self._render(visit, username=username, problem=LoginProblem.EXPIRED, status=403)

    def post(self, visit: Visit) -> Response:
        """Check the password; on success a new session or a newer login in the old one."""
        form = visit.request.form
        if form.get("action") == "cancel":
            return self._cancel(visit)
        username, password = (form.get("username") or "").strip(), form.get("password") or ""
        remember = form.get("remember") is not None
        problem = _missing(username, password)
        if problem is not None:
            return self._render(visit, username=username, remember=remember, problem=problem, status=400)
        try:
            user = self.services.password_authentication.check(username, password)
        except ApplicationError as error:
            return self._refused(visit, error, username, remember=remember)
        return self._signed_in(visit, user, remember=remember)

    def _own_name(self, visit: Visit) -> str:
        """The name of whoever is signed in and is asked once more."""
        if not _is_asked_again(visit) or visit.interaction.session_id is None:
            return ""
        with self.services.database.reading() as unit:
            session = unit.sessions.find(visit.interaction.session_id)
            user = unit.users.find(session.user_id) if session is not None else None
        return "" if user is None else user.username or user.email or ""

    def _signed_in(self, visit: Visit, user: User, *, remember: bool) -> Response:
        services = self.services
        with services.database.unit() as unit:
            # Held first: of two logins at once in one browser only one may give it its new cookies.
            browser = unit.browsers.hold(visit.browser.id)
            interaction = self.current(unit, visit)
            # Held too: a password that is replaced at this moment ends this session, or this login.
            current = unit.users.hold(user.id)
            if browser is None or browser.page_digest != visit.browser.page_digest:
                raise advanced()
            if current is None or _ended_meanwhile(user, current):
                raise advanced()
            session = services.sessions.sign_in(unit, browser, current, ("pwd",), remembered=remember)
            fact = Fact(FactKind.PASSWORD, user.id, detail={"session": session.id})
            services.ledger.prove(unit, interaction, fact, session_id=session.id)
            secrets = services.browsers.rotate(browser)
            unit.flush()
        max_age = services.settings.session_max_ttl if remember else None
        return self.resume(visit, *self.border.cookies.set_browser(secrets, max_age))

    def _cancel(self, visit: Visit) -> Response:
        with self.services.database.unit() as unit:
            fact = Fact(FactKind.DENIED, detail={"by": "cancel"})
            self.services.ledger.prove(unit, self.current(unit, visit), fact)
        return self.resume(visit)

    def _refused(self, visit: Visit, error: ApplicationError, username: str, *, remember: bool) -> Response:
        kinds = (kind for kind in PROBLEMS if isinstance(error, kind))
        problem = next((PROBLEMS[kind] for kind in kinds), LoginProblem.WRONG_CREDENTIALS)
        retry = (("Retry-After", str(error.retry_after)),) if error.retry_after else ()
        return self._render(
            visit,
            username=username,
            remember=remember,
            problem=problem,
            retry_after=error.retry_after or 0,
            status=error.status,
            headers=((FAILURE, "1"), *retry),
        )

    def _render(
        self,
        visit: Visit,
        *,
        username: str = "",
        remember: bool = False,
        problem: LoginProblem | None = None,
        retry_after: int = 0,
        status: int = 200,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Response:
        page = LoginPage(
            form=self.form(visit),
            application=visit.application,
            username=username,
            remember=remember,
            again=_is_asked_again(visit),
            problem=problem,
            retry_after=retry_after,
        )
        return self.render(visit, page, status=status, headers=headers)


def _ended_meanwhile(proven: User, current: User) -> bool:
    """Whether the password was replaced, or the person closed or signed out everywhere, since it was checked."""
    return (
        not current.may_sign_in
        or current.password_hash != proven.password_hash
        or current.sessions_valid_from != proven.sessions_valid_from
    )


def _is_asked_again(visit: Visit) -> bool:
    reasons = set(visit.interaction.reasons)
    return bool(reasons & ONCE_MORE) and not reasons & ANYBODY


def _missing(username: str, password: str) -> LoginProblem | None:
    if not username:
        return LoginProblem.USERNAME_MISSING
    if not password:
        return LoginProblem.PASSWORD_MISSING
    given = (("username", username), ("password", password))
    if any(len(value) > limits.of_parameter(name) for name, value in given):
        return LoginProblem.WRONG_CREDENTIALS
    return None
