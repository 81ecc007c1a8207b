"""What a server loads to serve the Flask application alone."""

from __future__ import annotations

from authserver.app import create_app

application = create_app()
