"""Running the server and seeing how it is.

`health` and `metrics` are the endpoints for machines that watch. `serving_granian`
and `serving_gunicorn` run the one WSGI callable on either HTTP server, with the
same options (`serving`), the same life of worker processes (`process_life`), one
lock per instance and port (`instance_lock`) and one process for background work
(`background`).
"""
