"""python -m tests.integration.serve_edge SERVER PORT INSTANCE_DIR [WORKERS] [THREADS] [LINGER] [BACKGROUND_FILE]"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from threading import Event

from authserver.ops.serving import Background, ServeOptions
from authserver.telemetry import logs


def _background(file: str) -> Background:
    """Writes its process id and waits for the end."""

    def work(stop: Event) -> None:
        Path(file).write_text(str(os.getpid()))
        stop.wait()
        Path(file).write_text("ended")

    return work


def main(server: str, port: str, instance_dir: str, workers: str = "1", *more: str) -> None:
    """Serve until told to stop."""
    threads, linger, background = (*more, *("8", "0.5", "")[len(more) :])
    logs.configure("info")
    os.environ["EDGE_TEST_THREADS"] = threads
    certfile, keyfile, client_ca = (
        os.environ.get(f"EDGE_TEST_{name}") for name in ("CERTFILE", "KEYFILE", "CLIENT_CA")
    )
    options = ServeOptions(
        host="127.0.0.1",
        port=int(port),
        instance_dir=Path(instance_dir),
        workers=int(workers),
        threads=int(threads),
        certfile=certfile,
        keyfile=keyfile,
        client_ca=client_ca,
        graceful_timeout=8,
        linger=float(linger),
        background=_background(background) if background else None,
        target="tests.integration.edge_application:application",
        preloaded=(),
    )
    importlib.import_module(f"authserver.ops.serving_{server}").serve(options)


if __name__ == "__main__":
    main(*sys.argv[1:])
