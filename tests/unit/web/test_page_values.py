"""Values of pages: names that cannot disguise themselves, hosts that cannot look like others."""

from __future__ import annotations

import pytest

from authserver.web.page_values import (
    Account,
    Application,
    ChangePasswordPage,
    ConsentPage,
    ConsentScope,
    Form,
    LoginPage,
    LoginProblem,
    PasswordProblem,
    plain_label,
)

FORM = Form("token")


def consent(redirect_uri: str) -> ConsentPage:
    """A consent page for an answer to `redirect_uri`."""
    scopes = (ConsentScope("openid", required=True), ConsentScope("email"))
    return ConsentPage(FORM, Application("Photos"), Account("ada"), redirect_uri, scopes)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Acme\r\n Photos\t2", "Acme Photos 2"),
        ("\u202egpj.exe", "gpj.exe"),
        ("Ac\u200bme\u2066\x00\x1b[31m", "Acme[31m"),
        ("👩\u200d💻 Club", "👩\u200d💻 Club"),
    ],
)
def test_a_label_has_no_characters_that_disguise(text: str, label: str) -> None:
    assert plain_label(text) == label


def test_a_label_is_cut_with_an_ellipsis() -> None:
    assert plain_label("a" * 81) == "a" * 79 + "…"
    assert plain_label("a" * 80) == "a" * 80


def test_a_name_of_nothing_visible_still_shows_something() -> None:
    nameless = Application("\u202e \n")
    assert (nameless.label, nameless.initial) == ("?", "?")


def test_initials_are_letters() -> None:
    assert Application("«éclair»").initial == "É"
    assert Account("ada@example.com", "").initial == "A"
    assert Account("@", "").initial == "?"


def test_an_account_is_known_by_its_name_or_its_address() -> None:
    assert Account("ada@example.com", "Ada").label == "Ada"
    assert Account("ada@example.com").label == "ada@example.com"


@pytest.mark.parametrize(
    ("redirect_uri", "host", "on_this_device"),
    [
        ("https://photos.example/cb", "photos.example", False),
        ("https://xn--pypal-4ve.example/cb", "xn--pypal-4ve.example", False),
        ("https://bücher.example/cb", "xn--bcher-kva.example", False),
        ("https://accounts.example@evil.example/cb", "evil.example", False),
        ("http://127.0.0.1:51004/cb", "127.0.0.1", True),
        ("com.example.app:/cb", "com.example.app:", True),
    ],
)
def test_consent_names_the_real_host(redirect_uri: str, host: str, on_this_device: bool) -> None:
    page = consent(redirect_uri)
    assert (page.host, page.on_this_device) == (host, on_this_device)


def test_required_scopes_cannot_be_left_out() -> None:
    assert [scope.name for scope in consent("https://photos.example/cb").optional] == ["email"]


def test_a_page_tells_which_foreign_images_it_shows() -> None:
    assert LoginPage(FORM).image_sources() == ()
    assert LoginPage(FORM, Application("A")).image_sources() == ()
    assert LoginPage(FORM, Application("A", logo_uri="https://a.example/l")).image_sources() == ("https://a.example/l",)


@pytest.mark.parametrize(
    ("problem", "field"),
    [
        (LoginProblem.WRONG_CREDENTIALS, "username"),
        (LoginProblem.USERNAME_MISSING, "username"),
        (LoginProblem.PASSWORD_MISSING, "password"),
        (LoginProblem.LOCKED, ""),
        (None, ""),
    ],
)
def test_a_problem_belongs_to_a_field(problem: LoginProblem | None, field: str) -> None:
    assert LoginPage(FORM, problem=problem).field == field


def test_problems_of_a_new_password_are_placed_at_their_fields() -> None:
    problems = (PasswordProblem.EXPIRED, PasswordProblem.TOO_SHORT, PasswordProblem.MISMATCH)
    assert ChangePasswordPage(FORM, "ada", problems=problems).field_problems == {
        "new_password": (PasswordProblem.TOO_SHORT,),
        "repeat_password": (PasswordProblem.MISMATCH,),
        "": (PasswordProblem.EXPIRED,),
    }
