"""Properties 3 and 4: length and complexity of passwords, at every place that takes a new one."""

from __future__ import annotations

import string

from hypothesis import given, settings
from hypothesis import strategies as st

from authserver.identity.passwords import PasswordPolicy, strength

EXAMPLES = settings(max_examples=100, deadline=None)
KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "!#$%&*+-./:;<=>?@^_~ §€")

policies = st.builds(
    PasswordPolicy,
    min_length=st.integers(6, 64),
    max_length=st.integers(64, 256),
    classes=st.integers(0, 4),
)


@st.composite
def mixed(draw: st.DrawFn, kinds: st.SearchStrategy[set[int]], min_size: int, max_size: int) -> tuple[str, int]:
    """A password of exactly the drawn kinds of characters, and how many kinds those are."""
    chosen = sorted(draw(kinds))
    one_of_each = [draw(st.sampled_from(KINDS[kind])) for kind in chosen]
    alphabet = "".join(KINDS[kind] for kind in chosen)
    rest = draw(st.text(alphabet, min_size=min_size - len(chosen), max_size=max_size - len(chosen)))
    return "".join(draw(st.permutations([*one_of_each, *rest]))), len(chosen)


some_kinds = st.sets(st.integers(0, 3), min_size=1)
all_kinds = st.just({0, 1, 2, 3})


def _codes(policy: PasswordPolicy, password: str) -> set[str]:
    return {problem.code for problem in policy.problems(password)}


@EXAMPLES
@given(policy=policies, password=st.text(max_size=300))
def test_property_3_a_password_is_refused_for_its_length_exactly_outside_the_limits(
    policy: PasswordPolicy, password: str
) -> None:
    codes = _codes(policy, password)
    assert ("too_short" in codes) == (len(password) < policy.min_length)
    assert ("too_long" in codes) == (len(password) > policy.max_length)


@EXAMPLES
@given(policy=policies)
def test_property_3_the_limits_themselves_are_accepted_and_one_beyond_is_named(policy: PasswordPolicy) -> None:
    for length, wanted in (
        (policy.min_length - 1, {"too_short"}),
        (policy.min_length, set()),
        (policy.max_length, set()),
        (policy.max_length + 1, {"too_long"}),
    ):
        problems = policy.problems("aA1!" + "x" * (length - 4))
        assert {problem.code for problem in problems} == wanted
        assert all(str(problem.limit) in problem.message for problem in problems)


@EXAMPLES
@given(policy=policies, password=mixed(some_kinds, 8, 40))
def test_property_4_a_password_is_refused_exactly_when_it_mixes_too_few_kinds(
    policy: PasswordPolicy, password: tuple[str, int]
) -> None:
    text, kinds = password
    assert ("too_uniform" in _codes(policy, text)) == (kinds < policy.classes)


@EXAMPLES
@given(password=mixed(all_kinds, 8, 128))
def test_property_4_whatever_mixes_all_kinds_at_a_good_length_is_accepted(password: tuple[str, int]) -> None:
    assert PasswordPolicy(min_length=8, max_length=128, classes=4).problems(password[0]) == ()


@EXAMPLES
@given(password=st.text(max_size=200), more=st.text(max_size=50))
def test_property_4_the_score_lies_between_0_and_4_and_never_falls_by_appending(password: str, more: str) -> None:
    assert 0 <= strength(password) <= 4
    if not {char for char in password + more if char.isalpha()}:
        assert strength(password) <= strength(password + more)
