"""`authserver serve`: run the HTTP server."""

from __future__ import annotations

import os
import threading
from functools import partial
from pathlib import Path
from typing import Any

import click

from authserver.ops.instance_lock import AlreadyRunning
from authserver.ops.serving import METRICS_DIRECTORY, Background, ServeOptions
from authserver.settings import Settings, SettingsError, load, reload
from authserver.settings.definitions import variable
from authserver.telemetry import instruments, logs

_PEM = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("serve")
@click.option("--host", help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port to listen on; a default issuer follows it.")
@click.option("--workers", type=click.IntRange(1, 256), help="Server processes.")
@click.option("--threads", type=click.IntRange(1, 1024), help="Threads of each process.")
@click.option("--with-worker", is_flag=True, help="Also do the background work, in a process of its own.")
@click.option("--certfile", type=_PEM, help="Certificate chain (PEM), to end TLS here.")
@click.option("--keyfile", type=_PEM, help="Private key (PEM) of the certificate.")
@click.option("--server", type=click.Choice(["granian", "gunicorn"]), help="The HTTP server.")
def serve(with_worker: bool, certfile: Path | None, keyfile: Path | None, **given: Any) -> None:
    """Run the HTTP server until SIGTERM or Ctrl-C, then answer what is under way and end."""
    if (certfile is None) != (keyfile is None):
        raise click.UsageError("--certfile and --keyfile go together")
    overrides = {name: value for name, value in given.items() if value is not None}
    overrides |= {"tls_certfile": certfile, "tls_keyfile": keyfile} if certfile else {}
    overrides |= {"worker_enabled": True} if with_worker else {}
    try:
        settings = load(overrides=overrides)
    except SettingsError as error:
        raise click.ClickException("; ".join(error.problems)) from error
    run(settings, overrides)


def run(settings: Settings, overrides: dict[str, Any]) -> None:
    """Serve with `settings`; workers have them from here, a reload from the environment that `overrides` go to."""
    export(overrides)
    reload.begin(settings)
    prepare(settings)
    options = options_of(settings)
    try:
        if settings.server == "gunicorn":
            from authserver.ops import serving_gunicorn

            serving_gunicorn.serve(options)
        else:
            from authserver.ops import serving_granian

            serving_granian.serve(options)
    except AlreadyRunning as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise click.ClickException(f"cannot listen on {settings.host}:{settings.port}: {reason}") from error


def export(overrides: dict[str, Any]) -> None:
    """Hand options on to the processes that load the settings for themselves."""
    for name, value in overrides.items():
        os.environ[variable(name)] = "on" if value is True else str(value)


def options_of(settings: Settings) -> ServeOptions:
    """The options of the HTTP server as the settings have them."""
    return ServeOptions(
        host=settings.host,
        port=settings.port,
        instance_dir=settings.instance_dir,
        workers=settings.workers,
        threads=settings.threads,
        certfile=settings.tls_certfile,
        keyfile=settings.tls_keyfile,
        client_ca=settings.client_certificate_ca,
        lifetime=settings.worker_lifetime,
        graceful_timeout=settings.graceful_timeout,
        on_reload=_reload,
        background=_background(settings) if settings.worker_enabled else None,
        rehearsal=partial(_rehearse, settings),
    )


def _rehearse(settings: Settings) -> None:
    from authserver import app

    app.rehearse(settings)


def _reload() -> None:
    """Take new levels and limits: the levels here, both in the workers forked from now on."""
    settings = reload.again()
    logs.set_levels(settings.log_level, settings.log_levels)


def _background(settings: Settings) -> Background:
    """The work of `authserver worker`, for the process beside the HTTP workers."""

    def work(stop: threading.Event) -> None:
        from authserver import storage
        from authserver.events import worker
        from authserver.ops.jobs import jobs
        from authserver.ops.subscribers import subscribers

        database = storage.open(settings)
        instruments.share(settings.instance_dir / METRICS_DIRECTORY)
        built = worker.build(
            settings, database, subscribers=subscribers(settings, database), jobs=jobs(settings, database)
        )

        def end() -> None:
            stop.wait()
            built.stop()

        threading.Thread(target=end, name="background-stop", daemon=True).start()
        try:
            built.run()
        finally:
            database.close()

    return work


def prepare(settings: Settings) -> None:
    """Before serving: logs to where they belong, and a schema this code can work with.

    Raises:
        ClickException: the schema is an old one and `auto_migrate` is off.
    """
    logs.configure(settings.log_level, settings.log_format, settings.log_output, settings.log_levels)
    _check_schema(settings)


def _check_schema(settings: Settings) -> None:
    from authserver import storage
    from authserver.storage import migrations

    database = storage.open(settings)
    try:
        if settings.auto_migrate:
            migrations.upgrade(database)
        migrations.require_head(database)
    except migrations.StaleSchema as stale:
        raise click.ClickException(str(stale)) from stale
    finally:
        database.close()
