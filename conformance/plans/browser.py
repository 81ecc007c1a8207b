"""What the suite's browser does on our pages, in the words of its `browser` configuration.

The suite opens an address and takes the first entry whose `match` fits it. The
tasks of the entry run in order, each on the address that the browser is at by
then: one that does not fit is left out where it is optional, and otherwise ends
the module as a failure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Command = list[Any]
Task = dict[str, Any]
Entry = dict[str, Any]

SECONDS = 10
"""How long a page may take to show what is waited for."""

SIGN_IN = "Sign in"
SIGNED_OUT = "You have been signed out"
REFUSED = "Request error"


def screenshot(text: str, xpath: str = "//*", *, optional: bool = False) -> Command:
    """Wait for an element with `text`, a regular expression, and keep the page as the picture that a reviewer sees.

    Args:
        text: what the element says.
        xpath: which element.
        optional: whether the page may be met without the suite asking for a picture of it.
    """
    return ["wait", "xpath", xpath, SECONDS, text, "update-image-placeholder" + ("-optional" if optional else "")]


class Pages:
    """The pages of one server, as a sequence of tasks for each journey through them.

    Args:
        issuer: the public address of the server.
        username: who signs in.
        password: with what.
    """

    def __init__(self, issuer: str, username: str, password: str) -> None:
        self._issuer = issuer
        self._authorize = f"{issuer}/oauth2/authorize*"
        self._logout = f"{issuer}/oauth2/logout*"
        self._sign_in: list[Command] = [
            ["text", "id", "username", username],
            ["text", "id", "password", password],
            ["click", "id", "login-submit"],
        ]

    def default(self) -> list[Entry]:
        """A person who signs in, consents and signs out; every page that is not foreseen ends the module."""
        return [self.journey(), self.signing_out(), _SESSION_CHECK]

    def journey(self, *before: Command) -> Entry:
        """Sign in, where that is asked for, after the commands `before`, and go back to the client."""
        return self._from_authorize([self._login(*before), self._consent(), _RETURNED])

    def journey_or_refusal(self) -> Entry:
        """As `journey`, or a page that says why not, where the suite takes either."""
        refusal = self._on(self._authorize, [screenshot(REFUSED, optional=True)])
        either: Task = {
            "task": "Returned or refused",
            "commands": [["wait", "xpath", "//*[@id='submission_complete' or @id='error-code']", SECONDS]],
        }
        return self._from_authorize([self._login(), self._consent(), refusal, either])

    def login_page(self, element: Command) -> Entry:
        """Look at the login page for an element, and no further."""
        return self._from_authorize([{"task": "Login page", "match": f"{self._issuer}/login*", "commands": [element]}])

    def cancel(self) -> Entry:
        """A person who will not."""
        login = self._on(f"{self._issuer}/login*", [["click", "id", "login-cancel"]], optional=False)
        return self._from_authorize([login, _RETURNED])

    def look_and_leave(self) -> Entry:
        """See the login page once, without doing anything."""
        return {**self._from_authorize([{"task": "Look", "match": f"{self._issuer}/login*"}]), "match-limit": 1}

    def refused(self, code: str) -> Entry:
        """A page with this error code instead of a way back."""
        return self._from_authorize([self._page(f"{REFUSED}(.|\\n)*{code}")])

    def signing_out(self) -> Entry:
        """Sign out and go back to the client."""
        arrived: Task = {"task": "Returned", "commands": [["wait", "contains", "/post_logout_redirect", SECONDS]]}
        return self._from_logout([self._confirm(), arrived])

    def signed_out(self) -> Entry:
        """Sign out, with no client to go back to."""
        return self._from_logout([self._confirm(), self._page(SIGNED_OUT)])

    def not_signed_out_for(self, text: str = REFUSED) -> Entry:
        """A request to sign out that ends on a page."""
        return self._from_logout([self._page(text)])

    def _login(self, *before: Command) -> Task:
        return self._on(f"{self._issuer}/login*", [*before, *self._sign_in])

    def _consent(self) -> Task:
        return self._on(f"{self._issuer}/consent*", [["click", "id", "consent-allow"]])

    def _confirm(self) -> Task:
        return self._on(self._logout, [["click", "id", "logout-yes", "optional"]])

    def _page(self, text: str) -> Task:
        return self._on(f"{self._issuer}*", [screenshot(text)], optional=False)

    def _on(self, address: str, commands: Sequence[Command], *, optional: bool = True) -> Task:
        found: Task = {"task": f"On {address}", "match": address, "commands": list(commands)}
        return {**found, "optional": True} if optional else found

    def _from_authorize(self, tasks: list[Task]) -> Entry:
        return {"match": self._authorize, "tasks": tasks}

    def _from_logout(self, tasks: list[Task]) -> Entry:
        return {"match": self._logout, "tasks": tasks}


_RETURNED: Task = {
    "task": "Returned",
    "match": "*/test/*/callback*",
    "commands": [["wait", "id", "submission_complete", SECONDS]],
}

_SESSION_CHECK: Entry = {
    "match": "*session_verify*",
    "tasks": [{"task": "Frames have spoken", "commands": [["wait", "contains", "session_result", SECONDS]]}],
}
"""The suite's own page with the two frames of session management; it moves on when the server's frame has answered."""
