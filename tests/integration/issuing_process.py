"""A server that dies at a chosen point of a token request.

`python -m tests.integration.issuing_process URL DIRECTORY POINT`, with the form of the request on standard input.
At the point the process kills itself as `kill -9` would; without one it prints the answer.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from authserver import app
from authserver.events.outbox import Recorder
from authserver.issuing.mint import Mint
from authserver.storage.repositories.codes import AuthorizationCodes
from authserver.storage.repositories.refresh_tokens import RefreshTokens
from tests.conftest import _settings
from tests.installation import Installation
from tests.integration.audit_worker_process import arm

# What runs right before the process dies: class, method, whether it still runs, and whether all is committed by then.
POINTS: dict[str, tuple[Any, str, bool, bool]] = {
    "before consuming the code": (AuthorizationCodes, "consume", False, False),
    "after consuming the code": (AuthorizationCodes, "consume", True, False),
    "after using the refresh token": (RefreshTokens, "rotate", True, False),
    "after inserting the refresh token": (RefreshTokens, "add", True, False),
    "after recording the event": (Recorder, "record", True, False),
    "after the commit": (Mint, "finish", False, True),
    "before the answer": (Mint, "finish", True, True),
}


def main(url: str, directory: str, point: str = "") -> None:
    server = Installation(app.mount(_settings(Path(directory), database_url=url)))
    if point:
        owner, name, afterwards, _ = POINTS[point]
        arm(owner, name, afterwards, 1)
    request = json.load(sys.stdin)
    answer = server.post("/oauth2/token", request["form"], headers=request["headers"])
    sys.stdout.write(answer.text)
    server.services.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
