"""The renderer: every page in every language, safe against what requesters choose."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import time_machine

from authserver.protocol.messages import Request, Response
from authserver.web.page_values import (
    Account,
    Application,
    ConsentPage,
    ConsentScope,
    ErrorPage,
    ExpiredPage,
    Form,
    FormPostPage,
    HomePage,
    LoginPage,
    LoginProblem,
    LogoutConfirmPage,
    Page,
    SelectAccountPage,
    SignedOutPage,
)
from authserver.web.pages import Pages, waiting_time
from tests.browser.page_samples import FORM, PHOTOS, samples

EVIL = '"><script>alert(1)</script>'
GET = Request("GET", "/login", "interaction=i&step=s")
SAMPLES = samples()


def make(environment: str = "testing") -> Pages:
    """A renderer."""
    return Pages(SimpleNamespace(issuer="https://auth.example", environment=environment, default_locale="en"))


@pytest.fixture(scope="module")
def pages() -> Pages:
    """A renderer as in production."""
    return make()


def html(response: Response) -> str:
    """The page as text."""
    return response.body.decode("utf-8")


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", SAMPLES)
def test_every_page_renders_in_every_language(pages: Pages, name: str, language: str) -> None:
    response = pages.render(SAMPLES[name], Request("GET", "/", headers={"accept-language": language}))
    assert response.header("Content-Type") == "text/html; charset=utf-8"
    assert response.header("Content-Language") == language
    assert f'<html lang="{language}" dir="ltr">' in html(response)
    assert "%(" not in html(response)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_page_has_one_heading_and_a_title(pages: Pages, name: str) -> None:
    text = html(pages.render(SAMPLES[name], GET))
    assert text.count("<h1") == 1
    assert re.search(r"<title>[^<]+</title>", text)


@pytest.mark.parametrize("name", sorted(SAMPLES.keys() - {"form-post"}))
def test_every_form_carries_its_proof_and_its_place(pages: Pages, name: str) -> None:
    for form in re.findall(r"<form.*?</form>", html(pages.render(SAMPLES[name], GET)), re.DOTALL):
        assert 'method="post"' in form
        for field in ("csrf_token", "interaction", "step"):
            assert f'<input type="hidden" name="{field}"' in form


def test_pages_are_never_stored(pages: Pages) -> None:
    assert pages.render(HomePage(), GET).header("Cache-Control") == "no-store"


def test_status_and_headers_are_the_callers(pages: Pages) -> None:
    response = pages.render(LoginPage(FORM), GET, status=429, headers=(("Retry-After", "30"),))
    assert (response.status, response.header("Retry-After")) == (429, "30")


def test_an_answer_to_an_application_carries_nothing_of_ours(pages: Pages) -> None:
    text = html(pages.render(SAMPLES["form-post"], GET))
    assert re.findall(r'<input[^>]* name="([^"]+)"', text) == ["code", "state"]


# --- what requesters choose -------------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    [
        LoginPage(FORM, Application(EVIL, EVIL, EVIL, EVIL, EVIL), EVIL),
        ConsentPage(FORM, Application(EVIL), Account(EVIL, EVIL), f"https://x/{EVIL}", (ConsentScope(EVIL, EVIL),)),
        ConsentPage(FORM, Application(EVIL), Account("a"), EVIL, (ConsentScope(EVIL),), resources=(EVIL,)),
        SelectAccountPage(FORM, (Account(EVIL, EVIL, EVIL),), Application(EVIL)),
        LogoutConfirmPage(FORM, Account(EVIL, EVIL), Application(EVIL)),
        ErrorPage(EVIL, EVIL, EVIL, Application(EVIL), EVIL),
        FormPostPage(f"https://x/{EVIL}", ((EVIL, EVIL),), Application(EVIL)),
        SignedOutPage(Application(EVIL), f"https://x/{EVIL}"),
        LoginPage(Form(EVIL, EVIL, EVIL, EVIL)),
    ],
    ids=lambda page: type(page).__name__,
)
def test_nothing_that_a_requester_chose_becomes_markup(pages: Pages, page: Page) -> None:
    response = pages.render(page, Request("GET", "/login", f"a={EVIL}&ui_locales={EVIL}"))
    assert "<script>" not in html(response)
    assert "script>" not in (response.header("Content-Security-Policy") or "")


@pytest.mark.parametrize("uri", ["javascript:alert(1)", "data:text/html,x", " javascript:alert(1)"])
def test_addresses_that_would_run_are_not_linked(pages: Pages, uri: str) -> None:
    client = Application("Photos", uri, uri, uri)
    for page in (LoginPage(FORM, client), SignedOutPage(client, uri), ErrorPage("x", "r", "", client, uri)):
        assert "alert" not in html(pages.render(page, GET))
        assert "data:" not in html(pages.render(page, GET))


def test_a_way_back_needs_a_known_application_and_a_verified_address(pages: Pages) -> None:
    for page in (SignedOutPage(None, "https://x/"), SignedOutPage(PHOTOS), ErrorPage("x", "r"), ExpiredPage()):
        assert 'id="back"' not in html(pages.render(page, GET))


def test_a_name_is_set_apart_from_our_words(pages: Pages) -> None:
    assert "Sign in to <bdi>Acme Photos</bdi>" in html(pages.render(LoginPage(FORM, PHOTOS), GET))


# --- the policy -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAMPLES)
def test_the_policy_allows_nothing_inline_and_does_not_stop_the_way_back(pages: Pages, name: str) -> None:
    policy = pages.render(SAMPLES[name], GET).header("Content-Security-Policy") or ""
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'")
    assert policy.endswith("base-uri 'none'; frame-ancestors 'none'")
    assert "unsafe" not in policy
    assert "form-action" not in policy


def test_images_come_from_us_and_from_this_clients_logo_alone(pages: Pages) -> None:
    assert "img-src 'self' https://photos.example;" in pages.content_security_policy(LoginPage(FORM, PHOTOS))
    assert "img-src 'self';" in pages.content_security_policy(LoginPage(FORM))


def test_logos_over_http_are_shown_on_loopback_in_development_only() -> None:
    page = LoginPage(FORM, Application("Local", "http://127.0.0.1:9000/logo.png"))
    assert "http://127.0.0.1:9000/logo.png" in html(make("development").render(page, GET))
    assert "http://127.0.0.1:9000" not in html(make("production").render(page, GET))


def test_a_page_without_scripts_allows_none(pages: Pages) -> None:
    assert "script-src" not in pages.content_security_policy(SignedOutPage())
    assert "script-src 'self'" in pages.content_security_policy(LoginPage(FORM))


def test_logos_do_not_tell_where_a_person_signs_in(pages: Pages) -> None:
    assert 'referrerpolicy="no-referrer"' in html(pages.render(LoginPage(FORM, PHOTOS), GET))


# --- names that others rely on ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("login", ["username", "password", "remember", "login-submit", "login-cancel"]),
        ("consent", ["consent-allow", "consent-deny", "consent-switch"]),
        ("select-account", ["account-0", "account-1", "account-other"]),
        ("logout-confirm", ["logout-yes", "logout-no"]),
        ("signed-out", ["signed-out"]),
        ("error-not_found", ["error-reference"]),
        ("change-password", ["new_password", "repeat_password", "password-submit"]),
        ("form-post", ["form-post-submit"]),
    ],
)
def test_stable_ids(pages: Pages, name: str, ids: list[str]) -> None:
    text = html(pages.render(SAMPLES[name], GET))
    assert [wanted for wanted in ids if f'id="{wanted}"' not in text] == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("login", "<title>Sign in to Acme Photos</title>"),
        ("login-home", "<title>Sign in</title>"),
        ("error-invalid_redirect_uri", "Request error"),
        ("error-invalid_redirect_uri", ">invalid_redirect_uri<"),
        ("signed-out", "You have been signed out"),
    ],
)
def test_fixed_english_words(pages: Pages, name: str, words: str) -> None:
    assert words in html(pages.render(SAMPLES[name], GET))


def test_login_shows_logo_policy_and_terms_of_the_client(pages: Pages) -> None:
    text = html(pages.render(SAMPLES["login"], GET))
    for address in (PHOTOS.logo_uri, PHOTOS.policy_uri, PHOTOS.tos_uri):
        assert f'"{address}"' in text


def test_the_name_stays_typed_and_the_password_does_not(pages: Pages) -> None:
    text = html(pages.render(LoginPage(FORM, username="ada", problem=LoginProblem.WRONG_CREDENTIALS), GET))
    assert re.search(r'id="username"[^>]* value="ada"', text)
    assert not re.search(r'id="password"[^>]* value=', text)


def test_enter_signs_in_and_does_not_cancel(pages: Pages) -> None:
    text = html(pages.render(SAMPLES["login"], GET))
    assert text.index("login-submit") < text.index("login-cancel")


def test_required_scopes_have_no_box(pages: Pages) -> None:
    text = html(pages.render(SAMPLES["consent"], GET))
    assert 'value="openid"' not in text
    assert 'name="scope" value="email" checked' in text


def test_consent_that_cannot_be_remembered_does_not_offer_it(pages: Pages) -> None:
    assert 'name="remember"' in html(pages.render(SAMPLES["consent"], GET))
    assert 'name="remember"' not in html(pages.render(SAMPLES["consent-native"], GET))


def test_without_an_application_there_is_nobody_to_cancel_to(pages: Pages) -> None:
    assert "login-cancel" not in html(pages.render(LoginPage(FORM), GET))


def test_the_playground_is_linked_only_when_it_is_on(pages: Pages) -> None:
    assert "/playground" in html(pages.render(HomePage(playground=True), GET))
    assert "/playground" not in html(pages.render(HomePage(), GET))


# --- languages --------------------------------------------------------------------------------


def test_the_other_language_is_a_link_to_the_same_page(pages: Pages) -> None:
    text = html(pages.render(LoginPage(FORM), Request("GET", "/login", "interaction=i&step=s&lang=en")))
    assert 'href="?interaction=i&amp;step=s&amp;lang=de"' in text


def test_choosing_a_language_is_remembered_and_being_proposed_one_is_not(pages: Pages) -> None:
    chosen = pages.render(LoginPage(FORM), Request("GET", "/login", "lang=de"))
    proposed = pages.render(LoginPage(FORM), Request("GET", "/login", "ui_locales=de"))
    assert (chosen.header("Set-Cookie") or "").startswith("__Host-locale-")
    assert proposed.header("Set-Cookie") is None
    assert "Anmelden" in html(chosen)
    assert "Anmelden" in html(proposed)


def test_after_a_post_only_pages_that_a_get_shows_again_offer_languages(pages: Pages) -> None:
    post = Request("POST", "/login", "interaction=i&step=s")
    assert "hreflang" in html(pages.render(LoginPage(FORM), post))
    assert "hreflang" not in html(pages.render(ErrorPage("invalid_request", "r"), post))


def test_an_answer_on_its_way_to_the_application_offers_no_language_that_would_lose_it(pages: Pages) -> None:
    assert "hreflang" not in html(pages.render(SAMPLES["form-post"], Request("GET", "/oauth2/authorize/resume", "a=b")))


def test_a_query_that_cannot_be_read_gets_a_page_without_links(pages: Pages) -> None:
    assert "hreflang" not in html(pages.render(ErrorPage("invalid_request", "r"), Request("GET", "/x", "a=%ff")))


def test_threads_do_not_mix_languages(pages: Pages) -> None:
    def title(language: str) -> str:
        request = Request("GET", "/login", headers={"accept-language": language})
        return re.findall(r"<title>(.*)</title>", html(pages.render(LoginPage(FORM), request)))[0]

    with ThreadPoolExecutor(16) as pool:
        titles = list(pool.map(title, ["en", "de"] * 100))
    assert titles == ["Sign in", "Anmelden"] * 100


@pytest.mark.parametrize(
    ("seconds", "english", "german"),
    [
        (0, "in 1 second", "in 1 Sekunde"),
        (59, "in 59 seconds", "in 59 Sekunden"),
        (61, "in 2 minutes", "in 2 Minuten"),
        (840, "in 14 minutes", "in 14 Minuten"),
        (5400, "in 90 minutes", "in 90 Minuten"),
        (200000, "in 2 days", "in 2 Tagen"),
    ],
)
def test_times_are_said_as_people_say_them(pages: Pages, seconds: int, english: str, german: str) -> None:
    for tag, words in (("en", english), ("de", german)):
        assert f">{words}</time>" in waiting_time(seconds, pages.locales.languages[tag])


@time_machine.travel(datetime(2026, 3, 2, 12, 0, tzinfo=UTC), tick=False)
def test_the_exact_moment_is_in_the_tooltip(pages: Pages) -> None:
    said = waiting_time(60, pages.locales.languages["de"])
    assert '<time datetime="2026-03-02T12:01:00+00:00" title="2. März 2026, 12:01:00 UTC">' in said


# --- cost -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", sorted(name for name in SAMPLES if not SAMPLES[name].template.startswith("playground/"))
)
def test_a_whole_journey_page_stays_below_30_kilobytes(pages: Pages, name: str) -> None:
    response = pages.render(SAMPLES[name], GET)
    addresses = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', html(response)))
    assets = [pages.assets.respond(Request("GET", *address.split("?"))) for address in addresses]
    assert all(asset.status == 200 for asset in assets)
    assert len(response.body) + sum(len(asset.body) for asset in assets) < 30 * 1024


def test_the_stylesheet_stays_below_12_kilobytes_compressed(pages: Pages) -> None:
    packed = pages.assets.respond(Request("GET", "/static/app.css", headers={"accept-encoding": "gzip"}))
    assert len(packed.body) < 12 * 1024


def test_rendering_needs_no_web_framework() -> None:
    check = "import sys, authserver.web.pages; sys.exit('flask' in sys.modules or 'werkzeug' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_a_value_that_a_template_misses_is_an_error(pages: Pages) -> None:
    class Incomplete(Page):
        template = "login.html"

    with pytest.raises(Exception, match="has no attribute"):
        pages.render(Incomplete(), GET)
