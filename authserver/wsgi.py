"""The WSGI callable that both servers run: protocol endpoints without Flask, everything else through it."""

from __future__ import annotations

from authserver.app import mount
from authserver.settings import reload
from authserver.telemetry import logs

settings = reload.effective()
logs.configure(settings.log_level, settings.log_format, settings.log_output, settings.log_levels)
mounted = mount(settings)
application = mounted.thin
