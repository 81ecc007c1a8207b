"""The language of a page: what is available, and who has the first word."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from authserver.protocol.messages import Request
from authserver.texts.languages import CATALOGUES
from authserver.web.locales import Locales, accepted_languages

ISSUER = "https://auth.example"


@pytest.fixture(scope="module")
def locales() -> Locales:
    """The product's own languages."""
    return Locales(ISSUER)


def ask(locales: Locales, query: str = "", accept: str = "", cookie: str = "", ui_locales: str = "") -> str:
    """The tag of the language chosen for a request."""
    headers = {"accept-language": accept, "cookie": f"{locales.cookie_name}={cookie}" if cookie else ""}
    return locales.choose(Request("GET", "/login", query, headers), ui_locales).language.tag


def test_english_and_german_are_there_with_their_own_names(locales: Locales) -> None:
    assert {tag: known.own_name for tag, known in locales.languages.items()} == {"de": "Deutsch", "en": "English"}


def test_adding_a_file_adds_a_language(tmp_path: Path) -> None:
    folder = tmp_path / "translations"
    shutil.copytree(CATALOGUES, folder)
    shutil.copytree(folder / "en", folder / "ar")
    arabic = Locales(ISSUER, folder=folder).languages["ar"]
    assert (arabic.direction, arabic.own_name) == ("rtl", "العربية")


def test_the_default_answers_when_nobody_wishes(locales: Locales) -> None:
    assert ask(locales) == "en"
    assert ask(Locales(ISSUER, "de")) == "de"


def test_a_default_that_is_not_there_falls_back_to_english() -> None:
    assert ask(Locales(ISSUER, "tlh")) == "en"


def test_the_browser_is_heard(locales: Locales) -> None:
    assert ask(locales, accept="fr, de-AT;q=0.9, en;q=0.5") == "de"


def test_ui_locales_outranks_the_browser(locales: Locales) -> None:
    assert ask(locales, query="ui_locales=fr+de-CH+en", accept="en") == "de"


def test_ui_locales_kept_with_the_interaction_count_like_those_of_the_request(locales: Locales) -> None:
    assert ask(locales, accept="en", ui_locales="fr de") == "de"


def test_what_the_person_chose_outranks_the_application(locales: Locales) -> None:
    assert ask(locales, cookie="de", ui_locales="en", accept="en") == "de"


def test_a_choice_on_the_page_outranks_everything(locales: Locales) -> None:
    assert ask(locales, query="lang=en", cookie="de", ui_locales="de", accept="de") == "en"


def test_an_unknown_choice_on_the_page_is_ignored(locales: Locales) -> None:
    choice = locales.choose(Request("GET", "/login", "lang=xx", {"accept-language": "de"}))
    assert (choice.language.tag, choice.is_explicit) == ("de", False)


def test_a_query_that_cannot_be_read_still_gets_a_language(locales: Locales) -> None:
    assert ask(locales, query="lang=%ff", accept="de") == "de"


@pytest.mark.parametrize("wish", ["../../etc/passwd", "de\r\nX: y", "-", "é", "a" * 5000, "de-" * 3000])
def test_odd_wishes_do_no_harm(locales: Locales, wish: str) -> None:
    assert ask(locales, ui_locales=wish, accept=wish) in {"en", "de"}


@pytest.mark.parametrize(
    ("header", "ranges"),
    [
        ("de;q=0.1, en", ("en", "de")),
        ("en;q=0, de;q=0.2", ("de",)),
        ("de;q=high, en", ("en",)),
        (", ;q=1, de", ("de",)),
        ("", ()),
    ],
)
def test_weights_of_accept_language(header: str, ranges: tuple[str, ...]) -> None:
    assert accepted_languages(header) == ranges


def test_only_the_first_twenty_ranges_are_read() -> None:
    assert "de" not in accepted_languages(",".join(["xx"] * 20 + ["de"]))


def test_the_cookie_is_bound_to_the_issuer_and_its_scheme(locales: Locales) -> None:
    name, value = locales.cookie(locales.languages["de"])
    assert name == "Set-Cookie"
    assert value.startswith("__Host-locale-")
    assert value.endswith("=de; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax; Secure")


def test_over_http_the_cookie_is_not_secure() -> None:
    local = Locales("http://127.0.0.1:8000")
    assert not local.cookie_name.startswith("__Host-")
    assert "Secure" not in local.cookie(local.languages["en"])[1]


def test_two_issuers_on_one_host_keep_their_cookies_apart() -> None:
    assert Locales("http://127.0.0.1:8000").cookie_name != Locales("http://127.0.0.1:8001").cookie_name
