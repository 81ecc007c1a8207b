"""`authserver quickstart`: from nothing to a server that can be tried, in one command (`make run`)."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from authserver import storage
from authserver.access.registration import ResourceMetadata
from authserver.cli.init import FIRST_NAME, LOCK, AdministratorWish, Initialised, initialise
from authserver.cli.installation import Installation
from authserver.cli.serve import run
from authserver.clients.metadata import ClientMetadata
from authserver.clients.registration import Registered
from authserver.protocol.policy import AUTHORIZATION_CODE, CLIENT_CREDENTIALS, REFRESH_TOKEN
from authserver.protocol.scopes import STANDARD
from authserver.settings import Settings, load
from authserver.storage import locks
from authserver.telemetry import logs

MARK = "quickstart"
"""The version row that says that the demo was made, also after somebody removed it."""

DEMO, GATEWAY = "demo", "gateway"
DEMO_API = "https://api.demo.example"
DEMO_SCOPES = ("demo:read", "demo:write")
DEMO_PORT = 9000
"""Where a relying party on the same machine may receive the code of the demo client."""


@dataclass(frozen=True, slots=True)
class Demo:
    """The secrets of the demo, which nobody can show again."""

    client: Registered
    gateway: Registered


@click.command("quickstart")
def quickstart() -> None:
    """Initialise with a demo on the first run, then serve with the worker. Later runs change nothing."""
    settings = load(overrides={"worker_enabled": True})
    logs.configure(settings.log_level, settings.log_format, settings.log_output, settings.log_levels)
    click.echo(prepare(settings))
    run(settings, {"worker_enabled": True})


def prepare(settings: Settings) -> str:
    """Make what is missing and return what to tell the person at the terminal."""
    database = storage.open(settings)
    try:
        installation = Installation(settings, database)
        done = initialise(installation, AdministratorWish())
        demo = create_demo(installation)
    finally:
        database.close()
    lines = [f"authserver  {settings.issuer}", "", *_administrator_lines(done)]
    lines += _demo_lines(settings, demo) if demo is not None else _later_lines()
    return "\n".join([*lines, "", *_click_lines(settings), ""])


def create_demo(installation: Installation) -> Demo | None:
    """A resource, a client for it and a gateway that introspects its tokens; None where that was done before."""
    with installation.database.unit() as unit:
        locks.hold(unit, LOCK)
        if MARK in unit.versions.read():
            return None
        unit.versions.bump(MARK)
        create = installation.clients.create_in
        gateway = create(unit, _gateway(), client_id=GATEWAY, secret=None)
        api = ResourceMetadata("Demo API", scopes=frozenset(DEMO_SCOPES), introspected_by=(GATEWAY,))
        installation.access.create_resource_in(unit, DEMO_API, api)
        client = create(unit, _demo(installation.settings.issuer), client_id=DEMO, secret=None)
        return Demo(client, gateway)


def _gateway() -> ClientMetadata:
    return ClientMetadata("Demo gateway", grant_types=(CLIENT_CREDENTIALS,))


def _demo(issuer: str) -> ClientMetadata:
    local = tuple(f"http://{host}:{DEMO_PORT}/callback" for host in ("127.0.0.1", "localhost"))
    return ClientMetadata(
        "Demo application",
        redirect_uris=(f"{issuer}/playground", f"{issuer}/playground/callback", *local),
        post_logout_redirect_uris=(f"{issuer}/playground", *local),
        grant_types=(AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS),
        scopes=frozenset({*STANDARD, *DEMO_SCOPES}),
        resources=(DEMO_API,),
        default_resource=DEMO_API,
    )


def _administrator_lines(done: Initialised) -> list[str]:
    made = done.administrator
    if made is None:
        return []
    return [
        f"  administrator      {made.user.username}",
        f"  one-time password  {made.one_time_password}   (to be changed at the first sign-in)",
    ]


def _demo_lines(settings: Settings, demo: Demo) -> list[str]:
    token = (
        f"curl -s -u {DEMO}:{demo.client.secret} -d grant_type=client_credentials -d scope={DEMO_SCOPES[0]}"
        f" {settings.issuer}/oauth2/token"
    )
    value = 'sed \'s/.*"access_token":"\\([^"]*\\)".*/\\1/\''
    introspect = (
        f'curl -s -u {GATEWAY}:{demo.gateway.secret} -d "token=$({token} | {value})"'
        f" {settings.issuer}/oauth2/introspect"
    )
    return [
        f"  demo client        {DEMO}",
        f"  its secret         {demo.client.secret}",
        f"  demo API           {DEMO_API}",
        f"  gateway client     {GATEWAY}",
        f"  its secret         {demo.gateway.secret}",
        "",
        "None of this is shown again. A token for the demo client, and what the gateway hears about it:",
        "",
        f"  {token}",
        f"  {introspect}",
    ]


def _later_lines() -> list[str]:
    program = _program()
    return [
        "Secrets and passwords are shown on the first run alone. To replace them:",
        "",
        f"  {program} clients rotate-secret {DEMO}",
        f"  {program} clients rotate-secret {GATEWAY}",
        f"  {program} users reset-password {FIRST_NAME}",
    ]


def _program() -> str:
    """How the person at the terminal calls this program."""
    if shutil.which("authserver"):
        return "authserver"
    path = Path(sys.prefix) / "bin" / "authserver"
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _click_lines(settings: Settings) -> list[str]:
    if settings.playground:
        return ["Open this page, press the button and sign in:", "", f"  {settings.issuer}/playground"]
    return ["Open this page and sign in:", "", f"  {settings.issuer}/"]
