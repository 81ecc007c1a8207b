"""Telemetry: what a running server says about itself.

`context` carries the correlation id and the caller through a request, `logs`
writes one redacted JSON object per line, `redaction` knows what must never be
written, `instruments` counts and measures, `slots` shares the numbers of all
processes of one instance through a few small files. What exposes them over
HTTP is in `ops`.
"""
