"""An application that does nothing, served as the product is: what the HTTP server alone costs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from authserver.ops.serving import ServeOptions

BODY = b"{}"
HEADERS = [("Content-Type", "application/json"), ("Content-Length", "2")]


class EmptyAnswer:
    """An application that does nothing, in both shapes that the servers call."""

    def exchange(self, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
        """As granian calls the product."""
        return 200, HEADERS, BODY

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        """As gunicorn calls the product."""
        start_response("200 OK", HEADERS)
        return [BODY]


application = EmptyAnswer()


def serve(server: str, port: int, directory: Path) -> None:
    """Run the empty application as the product is run."""
    target = "tests.performance.serve_empty:application"
    options = ServeOptions("127.0.0.1", port, directory, target=target, preloaded=())
    if server == "granian":
        from authserver.ops import serving_granian

        serving_granian.serve(options)
    else:
        from authserver.ops import serving_gunicorn

        serving_gunicorn.serve(options)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
