"""The group of commands. A command's module is imported when the command is called, so that help is instant."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, NoReturn

import click

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "init": "Make the database ready: schema, keys, roles, scopes, first administrator.",
        "quickstart": "Initialise with a demo on the first run, then serve (`make run`).",
        "serve": "Run the HTTP server.",
        "worker": "Run the background work in a process of its own.",
        "db": "Bring the schema up or down, and check it.",
        "users": "Manage people.",
        "clients": "Manage applications.",
        "resources": "Manage protected resources.",
        "scopes": "Manage scopes.",
        "issuers": "Manage issuers whose assertions are taken as grants.",
        "authorization-types": "Manage types of authorization details.",
        "exchange": "Say which tokens a client may exchange, and for what.",
        "keys": "Manage signing keys.",
        "audit": "Check the audit log.",
        "token": "Verify and explain tokens.",
        "explain": "Say why a page or an endpoint refused.",
        "conformance": "Have this installation tested by the OpenID Foundation suite.",
        "doctor": "Show the effective configuration and what is unsafe in it.",
    }
)
"""Every command with its line of help; the module and the object in it have its name, with an underscore for a dash."""

REFUSED, USAGE, INTERRUPTED = 1, 2, 130


class Commands(click.Group):
    """Finds commands by name and reports refusals in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names, in the order of a first encounter."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command of this name."""
        if cmd_name not in COMMANDS:
            return None
        # What is imported stays for good; looking through it for garbage is a tenth of a command's time.
        gc.disable()
        try:
            name = cmd_name.replace("-", "_")
            command: click.Command = getattr(import_module(f"authserver.cli.{name}"), name)
        finally:
            gc.freeze()
            gc.enable()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run a command and end the process with its exit code."""
        extra["standalone_mode"] = False
        try:
            result = super().main(*args, **extra)
        except click.UsageError as error:
            where = error.ctx.command_path if error.ctx else "authserver"
            _end(f"{error.format_message()} (see {where} --help)", USAGE)
        except click.ClickException as error:
            _end(error.format_message(), REFUSED)
        except (click.Abort, KeyboardInterrupt):
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            # Whoever read the output has seen enough; Python would complain again when it flushes.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(REFUSED)
        except Exception as error:
            if os.environ.get("AUTHSERVER_LOG_LEVEL") == "debug":
                traceback.print_exc()
            _end(message_of(error), REFUSED)
        sys.exit(result if isinstance(result, int) else 0)


def message_of(error: Exception) -> str:
    """What to say of an error: the words of our own, the first line of a stranger's."""
    problems = getattr(error, "problems", None)
    if isinstance(problems, list):
        return "; ".join(problems)
    own = getattr(error, "message", None) or getattr(error, "description", None)
    if isinstance(own, str) and own:
        return own
    text = next(iter(str(error).splitlines()), "")
    ours = type(error).__module__.startswith("authserver.")
    return text if ours and text else f"{type(error).__name__}: {text}".rstrip(": ")


def _end(message: str, code: int) -> NoReturn:
    click.echo(f"authserver: {' '.join(message.split())}", err=True)
    sys.exit(code)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=False,
    invoke_without_command=True,
)
@click.version_option(package_name="authserver", prog_name="authserver")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """An OAuth 2 and OpenID Connect authorization server.

    Settings come from AUTHSERVER_* in the environment and from authserver.toml; `authserver doctor` shows them.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> NoReturn:
    """The entry point of the program `authserver`."""
    cli.main(prog_name="authserver")
