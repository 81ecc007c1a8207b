"""What an operator does while modules run: rotates keys, and answers for a person who is asked apart from a browser."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

SEEN_AFTER_SECONDS = 2
"""In which time every process of the server has seen a change that a command made."""
DECISION_SECONDS = 10
ACTIONS: Mapping[str, str] = {"allow": "allow", "deny": "deny"}


@dataclass(frozen=True, slots=True)
class Rotation:
    """Rotates the server's signing keys by a command, empty where a person does it."""

    command: Sequence[str]
    settle_seconds: float = SEEN_AFTER_SECONDS

    def __call__(self) -> None:
        """Rotate, and wait until the server knows.

        Raises:
            CalledProcessError: the command failed.
        """
        subprocess.run(self.command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - the operator's own command
        time.sleep(self.settle_seconds)


class Decision(Protocol):
    """Decides about a CIBA request in the name of the person."""

    def __call__(self, auth_req_id: str, action: str) -> None:
        """Allow or deny. Raises OSError where the server did not take it."""


class ApprovalsAPI:
    """The server's authenticated API for decisions about requests that were made apart from a browser.

    Args:
        url: its address.
        sign_in: gets an access token of the person, for the first decision and whenever one is not good any more.
        context: whom to trust for the server's certificate.
    """

    def __init__(self, url: str, sign_in: Callable[[], str], context: ssl.SSLContext | None = None) -> None:
        self._url = url
        self._sign_in = sign_in
        self._context = context
        self._lock = threading.Lock()
        self._token = ""

    def __call__(self, auth_req_id: str, action: str) -> None:
        """Allow or deny. Raises OSError where the server did not take it."""
        body = json.dumps({"auth_req_id": auth_req_id, "decision": action}).encode()
        used = self._current()
        try:
            self._post(body, used)
        except urllib.error.HTTPError as error:
            if error.code not in {401, 403}:
                raise
            error.close()
            self._post(body, self._current(instead_of=used))

    def _current(self, instead_of: str = "") -> str:
        """The token, a new one where the last was `instead_of`."""
        with self._lock:
            if self._token == instead_of:
                self._token = self._sign_in()
            return self._token

    def _post(self, body: bytes, token: str) -> None:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        request = urllib.request.Request(self._url, body, headers, method="POST")  # noqa: S310 - the operator's address
        with urllib.request.urlopen(request, timeout=DECISION_SECONDS, context=self._context) as answer:  # noqa: S310
            answer.read()


@contextmanager
def approvals(decide: Decision, address: tuple[str, int]) -> Iterator[str]:
    """Listen for the suite's wish that a request be allowed or denied, and hand it to the server.

    The address should be one of loopback: whoever reaches it decides in the name of the person.

    Yields:
        the address for the plan's configuration, with `{auth_req_id}` and `{action}` for the suite to fill in.
    """
    server = ThreadingHTTPServer(address, _handler(decide))
    thread = threading.Thread(target=server.serve_forever, name="approvals", daemon=True)
    thread.start()
    try:
        host, port = server.server_address[:2]
        yield f"http://{host!s}:{port}/?auth_req_id={{auth_req_id}}&action={{action}}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(decide: Decision) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            wish = {
                name: values[0]
                for name, values in urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query).items()
            }
            self._answer(*_decided(decide, wish))

        def _answer(self, status: int, text: str) -> None:
            body = json.dumps({"message": text}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing: the suite keeps what was asked and answered."""

    return Handler


def _decided(decide: Decision, wish: Mapping[str, str]) -> tuple[int, str]:
    action = ACTIONS.get(wish.get("action", ""))
    if action is None or not wish.get("auth_req_id"):
        return 400, "auth_req_id and action (allow or deny) are needed"
    try:
        decide(wish["auth_req_id"], action)
    except urllib.error.HTTPError as error:
        with error:
            return 502, f"the server answered {error.code}: {error.read()[:300].decode(errors='replace')}"
    except (OSError, ValueError, KeyError) as error:
        return 502, f"no decision: {error!r}"
    return 200, action
