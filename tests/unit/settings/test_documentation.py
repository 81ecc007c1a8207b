"""What is written about settings is what the schema says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from authserver.settings import documentation
from authserver.settings.definitions import variable
from authserver.settings.documentation import ENV_EXAMPLE, PAGE, configuration_page, env_example
from authserver.settings.schema import DEFAULTS, DEFINITIONS, GROUPS
from authserver.settings.values import parse

ROOT = Path(documentation.__file__).parents[2]
REMEDY = "run: python -m authserver.settings.documentation"


def test_the_files_are_current() -> None:
    assert (ROOT / ENV_EXAMPLE).read_text(encoding="utf-8") == env_example(), REMEDY
    assert (ROOT / PAGE).read_text(encoding="utf-8") == configuration_page(), REMEDY


def test_every_setting_is_in_both() -> None:
    for name in DEFINITIONS:
        assert f"#{variable(name)}=" in env_example()
        assert f"| `{name}`" in configuration_page()


def test_the_example_sets_nothing_and_holds_no_secret() -> None:
    assert all(not line or line.startswith("#") for line in env_example().splitlines())
    for name, definition in DEFINITIONS.items():
        if definition.secret:
            assert re.search(rf"^#{variable(name)}=$", env_example(), re.MULTILINE)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_default_as_documented_reads_back_as_the_default(name: str) -> None:
    text = documentation.plain(DEFAULTS[name])
    if text:
        assert parse(name, DEFINITIONS[name], DEFAULTS[name], text) == DEFAULTS[name]


@pytest.mark.parametrize("name", DEFINITIONS)
def test_every_setting_is_explained(name: str) -> None:
    definition = DEFINITIONS[name]
    assert definition.meaning.endswith(".")
    assert definition.unit or definition.kind != "count" or name.endswith("port")
    assert (definition.kind == "choice") == bool(definition.choices)


def test_every_setting_belongs_to_one_group() -> None:
    names = [name for group in GROUPS for name in group.__dataclass_fields__]
    assert sorted(names) == sorted(DEFINITIONS)


def test_no_two_settings_share_an_older_name() -> None:
    aliases = [alias for definition in DEFINITIONS.values() for alias in definition.aliases]
    assert len(aliases) == len(set(aliases))


def test_limits_are_told_in_words() -> None:
    assert documentation.limits(DEFINITIONS["code_ttl"]) == "1 to 600 seconds"
    assert documentation.limits(DEFINITIONS["lockout_threshold"]) == "at least 1 failures"


def test_both_files_are_written(tmp_path: Path) -> None:
    documentation.write(tmp_path)
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {".env.example", "configuration.md"}
