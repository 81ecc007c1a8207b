"""Static files: named by content, kept for a year, nothing outside the folder."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from authserver.protocol.messages import Request, Response
from authserver.texts.templates import top_level_folder
from authserver.web.assets import Assets

STYLE = b"body { color: black }\n" * 20


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    """A folder with a stylesheet, a small script and something that is no asset."""
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "app.css").write_bytes(STYLE)
    (folder / "tiny.js").write_bytes(b"1")
    (folder / "notes.txt").write_text("not for the web")
    (tmp_path / "secret.css").write_text("outside")
    return Assets(folder)


def fetch(assets: Assets, address: str, **headers: str) -> Response:
    """Answer a GET for `address`."""
    path, _, query = address.partition("?")
    return assets.respond(Request("GET", path, query, {name.replace("_", "-"): headers[name] for name in headers}))


def test_the_address_of_a_file_may_be_kept_for_a_year(assets: Assets) -> None:
    answer = fetch(assets, assets.url("app.css"))
    assert (answer.status, answer.body) == (200, STYLE)
    assert answer.header("Content-Type") == "text/css; charset=utf-8"
    assert answer.header("Cache-Control") == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("query", ["", "?v=000000000000"])
def test_another_version_is_never_kept(assets: Assets, query: str) -> None:
    assert fetch(assets, f"/static/app.css{query}").header("Cache-Control") == "public, no-cache"


def test_the_address_changes_with_the_content(assets: Assets, tmp_path: Path) -> None:
    before = assets.url("app.css")
    (tmp_path / "static" / "app.css").write_text("body {}")
    assert Assets(tmp_path / "static").url("app.css") != before


def test_a_browser_that_has_the_file_is_told_so(assets: Assets) -> None:
    tag = fetch(assets, "/static/app.css").header("ETag")
    answer = fetch(assets, "/static/app.css", if_none_match=tag)
    assert (answer.status, answer.body) == (304, b"")


def test_files_are_sent_packed_where_that_helps(assets: Assets) -> None:
    packed = fetch(assets, "/static/app.css", accept_encoding="gzip, br")
    assert packed.header("Content-Encoding") == "gzip"
    assert gzip.decompress(packed.body) == STYLE
    assert fetch(assets, "/static/tiny.js", accept_encoding="gzip").header("Content-Encoding") is None


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/missing.css",
        "/static/notes.txt",
        "/static/../secret.css",
        "/static//etc/passwd",
        "/etc/passwd",
    ],
)
def test_only_files_that_were_there_at_start_are_served(assets: Assets, path: str) -> None:
    assert fetch(assets, path).status == 404


def test_a_page_cannot_name_a_file_that_is_not_there(assets: Assets) -> None:
    with pytest.raises(KeyError):
        assets.url("missing.css")


def test_an_installation_without_the_folder_says_what_is_missing() -> None:
    with pytest.raises(FileNotFoundError, match="belong beside the package"):
        top_level_folder("no-such-folder")
