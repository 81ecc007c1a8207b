"""What a request has shown, and what a token demands."""

from __future__ import annotations

from authserver.tokens.confirmation import JKT, NOTHING, X5T, Confirmation, token_type


def test_what_was_shown_is_what_a_token_is_bound_to() -> None:
    assert NOTHING.cnf is None
    assert Confirmation(jkt="a").cnf == {"jkt": "a"}
    assert Confirmation(x5t="b").cnf == {"x5t#S256": "b"}
    assert Confirmation("a", "b").cnf == {"jkt": "a", "x5t#S256": "b"}


def test_only_the_key_that_is_demanded_holds() -> None:
    sender = Confirmation("a", "b")
    assert sender.holds({"jkt": "a"}, JKT)
    assert sender.holds({"x5t#S256": "b"}, X5T)
    assert not sender.holds({"jkt": "b"}, JKT)
    assert not sender.holds({"x5t#S256": "a"}, X5T)
    assert not NOTHING.holds({"jkt": "a"}, JKT)
    assert not Confirmation(jkt="a").holds({"x5t#S256": "a"}, X5T)


def test_where_nothing_is_demanded_anybody_will_do() -> None:
    for cnf in (None, {}, {"x5t#S256": "b"}):
        assert NOTHING.holds(cnf, JKT)


def test_a_token_of_a_dpop_key_is_no_bearer_token() -> None:
    assert token_type({"jkt": "a", "x5t#S256": "b"}) == "DPoP"
    assert [token_type(cnf) for cnf in (None, {}, {"x5t#S256": "b"})] == ["Bearer"] * 3
