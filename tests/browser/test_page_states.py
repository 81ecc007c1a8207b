"""Every page in every state and view: axe-core finds nothing, nothing scrolls sideways, nothing is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from authserver.web.page_values import ChangePasswordPage, FormPostPage, LoginPage, LoginProblem, Page, PasswordProblem
from tests.browser import axe
from tests.browser.page_samples import FORM, PHOTOS, samples
from tests.browser.screenshots import VIEWS, View, Viewer, viewing

SAMPLES = samples()
PLAIN_VIEW = VIEWS[0]


@pytest.fixture(scope="module", params=VIEWS, ids=lambda view: view.name)
def viewer(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Viewer]:
    """A tab for each view in turn."""
    if reason := axe.missing():
        pytest.skip(reason)
    with viewing(chromium, request.param) as opened:
        yield opened


@pytest.fixture
def plain(chromium: Browser) -> Iterator[Viewer]:
    """A tab as most people have it."""
    with viewing(chromium, PLAIN_VIEW) as opened:
        yield opened


@pytest.mark.parametrize("name", SAMPLES)
def test_a_page_is_sound(viewer: Viewer, name: str) -> None:
    viewer.show(SAMPLES[name])
    viewer.photograph(name)
    assert viewer.problems() == []


def focused(viewer: Viewer) -> str:
    """The id of the element that has the focus."""
    return str(viewer.tab.evaluate("document.activeElement.id || document.activeElement.tagName"))


@pytest.mark.parametrize(
    ("page", "element"),
    [
        (LoginPage(FORM, PHOTOS), "username"),
        (LoginPage(FORM, PHOTOS, "ada"), "password"),
        (LoginPage(FORM, PHOTOS, "ada", problem=LoginProblem.WRONG_CREDENTIALS), "problem"),
        (SAMPLES["change-password"], "new_password"),
        (SAMPLES["change-password-problems"], "problem"),
    ],
)
def test_the_focus_begins_where_one_goes_on(plain: Viewer, page: Page, element: str) -> None:
    plain.show(page)
    assert focused(plain) == element


def test_sign_in_by_keyboard_alone(plain: Viewer) -> None:
    plain.show(LoginPage(FORM, PHOTOS))
    plain.tab.keyboard.type("ada")
    visited = [focused(plain)]
    for _ in range(5):
        plain.tab.keyboard.press("Tab")
        visited.append(focused(plain))
    assert visited == ["username", "password", "BUTTON", "remember", "login-submit", "login-cancel"]


def test_a_password_can_be_shown_and_is_hidden_before_it_is_sent(plain: Viewer) -> None:
    plain.show(LoginPage(FORM, PHOTOS, "ada"))
    kind = "document.getElementById('password').type"
    button = plain.tab.get_by_role("button", name="Show password")
    button.click()
    assert plain.tab.evaluate(kind) == "text"
    plain.tab.get_by_role("button", name="Hide password").click()
    assert plain.tab.evaluate(kind) == "password"
    button.click()
    plain.tab.evaluate("document.addEventListener('submit', (event) => event.preventDefault())")
    plain.tab.click("#login-submit")
    assert plain.tab.evaluate(kind) == "password"


def test_a_second_click_sends_nothing(plain: Viewer) -> None:
    plain.show(LoginPage(FORM, PHOTOS, "ada"))
    plain.tab.evaluate("""() => {
        window.sent = 0;
        document.addEventListener("submit", (event) => {
            if (!event.defaultPrevented) window.sent += 1;
            event.preventDefault();
        });
    }""")
    plain.tab.click("#login-submit")
    plain.tab.click("#login-submit")
    assert plain.tab.evaluate("window.sent") == 1


def test_rules_are_ticked_while_one_types(plain: Viewer) -> None:
    plain.show(SAMPLES["change-password"])
    plain.tab.fill("#new_password", "Correct 1")
    met = plain.tab.eval_on_selector_all("[data-rule].met", "found => found.map((item) => item.dataset.rule)")
    assert met == ["length", "lower", "upper", "digit"]


def test_the_reference_is_copied(plain: Viewer) -> None:
    plain.tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    plain.show(SAMPLES["error-invalid_redirect_uri"])
    plain.tab.get_by_role("button", name="Copy").click()
    plain.tab.get_by_role("button", name="Copied").wait_for()
    copied = plain.tab.evaluate("navigator.clipboard.readText()")
    assert copied == plain.tab.inner_text("#error-reference")


def test_an_answer_sends_itself_to_the_application(plain: Viewer) -> None:
    plain.lets_pages_go = True
    with plain.tab.expect_request("https://photos.example/cb") as request:
        plain.show(FormPostPage("https://photos.example/cb", (("code", "c"), ("state", "a b&c")), PHOTOS))
    assert (request.value.method, request.value.post_data) == ("POST", "code=c&state=a+b%26c")


def test_without_scripts_a_button_sends_the_answer(chromium: Browser) -> None:
    with viewing(chromium, View("scripts-off", scripts=False)) as opened:
        opened.show(FormPostPage("https://photos.example/cb", (("code", "c"),), PHOTOS))
        with opened.tab.expect_request("https://photos.example/cb") as request:
            opened.tab.click("#form-post-submit")
        assert request.value.post_data == "code=c"


@pytest.mark.parametrize("problem", PasswordProblem)
def test_every_problem_of_a_new_password_has_words(plain: Viewer, problem: PasswordProblem) -> None:
    plain.show(ChangePasswordPage(FORM, "ada", problems=(problem,)))
    assert len(plain.tab.inner_text("#problem li")) > 10
