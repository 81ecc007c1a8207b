"""The group of commands: lazy, one line on refusal, exit codes 1 and 2."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module

import click
import pytest

from authserver.cli.group import COMMANDS, message_of
from authserver.settings import SettingsError
from tests.unit.cli.conftest import CommandLine


def test_help_lists_every_command_and_imports_none() -> None:
    program = """
import sys
from authserver.cli.group import cli
try:
    cli.main(["--help"])
finally:
    heavy = {"sqlalchemy", "flask", "cryptography", "authlib"} & set(sys.modules)
    assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    for name, help_text in COMMANDS.items():
        assert f"  {name} " in done.stdout
        assert help_text.split()[0] in done.stdout


def command_of(name: str) -> click.Command:
    """The command of this name, where it is promised to be."""
    attribute = name.replace("-", "_")
    command = getattr(import_module(f"authserver.cli.{attribute}"), attribute)
    assert isinstance(command, click.Command)
    return command


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_module_of_its_name(name: str) -> None:
    assert command_of(name).name == name


def options_of(command: click.Command) -> Iterator[click.Option]:
    """Every option of a command and of the commands below it."""
    yield from (parameter for parameter in command.params if isinstance(parameter, click.Option))
    for below in getattr(command, "commands", {}).values():
        yield from options_of(below)


@pytest.mark.parametrize("name", COMMANDS)
def test_no_secret_is_given_where_every_user_of_the_machine_sees_it(name: str) -> None:
    typed = [
        option.opts[0]
        for option in options_of(command_of(name))
        if isinstance(option.type, click.types.StringParamType)
    ]
    assert [option for option in typed if re.search("secret|password|token|key", option)] == []


def test_without_a_command_it_helps(authserver: CommandLine) -> None:
    assert "Commands:" in authserver()


@pytest.mark.parametrize(
    "args",
    [
        ("nonsense",),
        ("--nonsense",),
        ("clients", "nonsense"),
        ("clients", "create"),
        ("clients", "show"),
        ("keys", "rotate", "--alg", "x"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_one_line(authserver: CommandLine, args: tuple[str, ...]) -> None:
    code, line = authserver.refusal(*args)
    assert code == 2
    assert line.startswith("authserver: ")


def test_refusal_is_exit_code_1_and_one_line(authserver: CommandLine) -> None:
    assert authserver.refusal("clients", "show", "nobody") == (1, "authserver: there is no such client")


def test_wrong_settings_are_all_named_in_one_line(authserver: CommandLine) -> None:
    authserver.environ |= {"AUTHSERVER_PORT": "x", "AUTHSERVER_NONSENSE": "1"}
    code, line = authserver.refusal("clients", "list")
    assert code == 1
    assert "AUTHSERVER_PORT" in line
    assert "AUTHSERVER_NONSENSE" in line


def test_unexpected_error_is_one_line_too(authserver: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authserver.cli.clients.opened", lambda: 1 / 0)
    assert authserver.refusal("clients", "list") == (1, "authserver: ZeroDivisionError: division by zero")


def test_messages_of_settings_errors_hold_every_problem() -> None:
    assert message_of(SettingsError(["a", "b"])) == "a; b"
    assert message_of(ValueError("first\nsecond")) == "ValueError: first"
    assert message_of(RuntimeError()) == "RuntimeError"


def test_interruption_has_the_exit_code_of_the_signal(authserver: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("authserver.cli.clients.opened", interrupt)
    assert authserver.run("clients", "list").exit_code == 130
