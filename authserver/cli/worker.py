"""`authserver worker`: the background work in a process of its own."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

import click

from authserver import settings as settings_package
from authserver import storage
from authserver.events import worker as events_worker
from authserver.ops.jobs import jobs
from authserver.ops.subscribers import subscribers
from authserver.storage import migrations
from authserver.telemetry import instruments, logs

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""The last one comes when the terminal is closed; there is nothing that a worker reads anew."""
METRICS_DIRECTORY = "metrics"


@click.command("worker")
@click.option("--once", is_flag=True, help="Do what there is to do now, and end.")
def worker(once: bool) -> None:
    """Take in events, write the audit log, deliver to subscribers, sweep.

    Any number may run, on any number of machines. SIGTERM, SIGINT and SIGHUP end it
    after the step it is in.
    """
    settings = settings_package.load()
    logs.configure(settings.log_level, settings.log_format, settings.log_output, settings.log_levels)
    database = storage.open(settings)
    try:
        migrations.require_head(database)
        instruments.share(settings.instance_dir / METRICS_DIRECTORY)
        built = events_worker.build(
            settings, database, subscribers=subscribers(settings, database), jobs=jobs(settings, database)
        )
        if once:
            click.echo(f"{built.run_once()} items done")
        else:
            run_until_signalled(built, settings.graceful_timeout)
    except migrations.StaleSchema as stale:
        raise click.ClickException(str(stale)) from stale
    finally:
        database.close()


def run_until_signalled(built: events_worker.Worker, drain_seconds: float) -> None:
    """Runs in this thread until a signal ends it; a step that outlasts the drain time is cut off.

    Cutting off is safe: a step that has not committed has not happened.
    """

    def end(_signal: int, _frame: FrameType | None) -> None:
        built.stop()
        cut = threading.Timer(drain_seconds, os._exit, (1,))
        cut.daemon = True
        cut.start()

    previous = {number: signal.signal(number, end) for number in ENDING}
    try:
        built.run()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
