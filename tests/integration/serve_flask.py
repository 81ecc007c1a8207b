"""python -m tests.integration.serve_flask: the Flask application by itself, on the server that the settings name."""

from __future__ import annotations

import importlib
from dataclasses import replace

from authserver.cli.serve import options_of, prepare
from authserver.settings import load


def main() -> None:
    """Serve until told to stop."""
    settings = load()
    prepare(settings)
    options = replace(options_of(settings), target="tests.integration.flask_target:application", preloaded=())
    importlib.import_module(f"authserver.ops.serving_{settings.server}").serve(options)


if __name__ == "__main__":
    main()
