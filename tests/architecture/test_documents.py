"""Documents name nothing that does not exist, and leave out nothing that they promise to list."""

from __future__ import annotations

import re

import pytest

from authserver.clients.policy import BOUNDS, REGISTERED
from authserver.identity.profiles import CLAIMS_BY_SCOPE
from authserver.protocol.policy import CHOICES, DEFAULT
from authserver.settings.definitions import variable
from authserver.settings.schema import DEFINITIONS
from tests.architecture import documents as reading
from tests.architecture.documents import METRIC, VARIABLE, documents
from tests.architecture.product import ROOT, modules

INSTRUMENT = re.compile(r"(?:counter|gauge|histogram)\(\s*\"(authserver_[a-z_]+)\"")
NOT_SETTINGS = {"AUTHSERVER_CONFIG", "AUTHSERVER_TEST_REQUIRE_ALL", "AUTHSERVER_NAME", "AUTHSERVER_NAME_FILE"}
SERVICE_LINKS = {"AUTHSERVER_SERVICE_HOST"}
PRIVATE = re.compile(r"/work/|/root/|/home/|pypi\.|simple/|\bTODO\b|\bFIXME\b")


@pytest.mark.parametrize("name", documents())
def test_links_lead_somewhere(name: str) -> None:
    assert list(reading.broken_links(name)) == []


@pytest.mark.parametrize("name", documents())
def test_commands_exist(name: str) -> None:
    assert [wrong for words in reading.command_lines(name) if (wrong := reading.wrong_command(words))] == []


@pytest.mark.parametrize("name", documents())
def test_files_and_tests_exist(name: str) -> None:
    assert list(reading.missing_paths(name)) == []


@pytest.mark.parametrize("name", documents())
def test_variables_are_settings(name: str) -> None:
    known = {variable(setting) for setting in DEFINITIONS} | NOT_SETTINGS | SERVICE_LINKS
    known |= {f"{variable(name)}_FILE" for name, definition in DEFINITIONS.items() if definition.secret}
    assert set(VARIABLE.findall(documents()[name])) - known == set()


@pytest.mark.parametrize("name", documents())
def test_samples_in_python_are_python(name: str) -> None:
    assert all(compile(block, name, "exec") for block in reading.blocks(name, "python"))


@pytest.mark.parametrize("name", documents())
def test_nothing_of_one_machine_is_in_them(name: str) -> None:
    assert PRIVATE.findall(documents()[name]) == []


def test_every_metric_is_told_and_no_other() -> None:
    made = {match for module in modules() for match in INSTRUMENT.findall(module.text)}
    assert set(METRIC.findall(documents()["docs/operations.md"])) == made


@pytest.mark.parametrize("key", [name for name in DEFAULT.__dataclass_fields__ if name not in REGISTERED])
def test_every_policy_is_told_with_its_bounds(key: str) -> None:
    row = next(line for line in documents()["docs/clients.md"].splitlines() if line.startswith(f"| `{key}` |"))
    if key in BOUNDS:
        assert "{} to {} seconds".format(*BOUNDS[key]) in row
    for choice in filter(None, CHOICES.get(key, ())):
        assert f"`{choice}`" in row


@pytest.mark.parametrize(("scope", "claims"), CLAIMS_BY_SCOPE.items())
def test_every_claim_of_a_scope_is_told(scope: str, claims: tuple[str, ...]) -> None:
    row = next(line for line in documents()["docs/tokens.md"].splitlines() if line.startswith(f"| `{scope}` |"))
    assert re.findall(r"`(\w+)`", row)[1:] == list(claims)


def test_every_document_is_in_the_readme() -> None:
    listed = set(re.findall(r"\(docs/([\w-]+\.md)", documents()["README.md"]))
    assert {path.name for path in (ROOT / "docs").glob("*.md")} <= listed


def test_every_target_of_make_is_named() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE)) - {"help"}
    assert [
        target
        for target in sorted(targets)
        if f"`{target}`" not in documents()["README.md"] and f"make {target}\n" not in documents()["README.md"]
    ] == []


def test_each_check_finds_what_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = "[a](nowhere.md) `tests/none.py`\n```sh\nauthserver users fly\nauthserver init --wings\n```\n"
    monkeypatch.setitem(documents(), "docs/sample.md", sample)
    assert list(reading.broken_links("docs/sample.md")) == ["nowhere.md"]
    assert list(reading.missing_paths("docs/sample.md")) == ["tests/none.py"]
    assert all(reading.wrong_command(words) for words in reading.command_lines("docs/sample.md"))
