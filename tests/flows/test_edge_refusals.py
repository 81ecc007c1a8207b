"""What the edge refuses as a page is explained behind the reference that the page shows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from authserver.protocol import limits
from tests.installation import REFERENCE, Installation

REFUSED = [
    ("GET /nowhere", {}, 404, "path_unknown"),
    ("DELETE /login", {}, 405, "method_not_allowed"),
    ("GET /login", {"Host": "evil.example"}, 400, "host_unknown"),
    ("GET /login?" + "x" * limits.URL_BYTES, {}, 414, "url_too_long"),
    ("GET /login?username=" + "x" * (limits.of_parameter("username") + 1), {}, 400, "parameter_too_long"),
]


@pytest.mark.parametrize("case", REFUSED, ids=[case[-1] for case in REFUSED])
@pytest.mark.parametrize("through_flask", [False, True])
def test_a_refusal_at_the_edge_is_explained(
    server: Installation, case: tuple[str, dict[str, str], int, str], *, through_flask: bool
) -> None:
    line, headers, status, reason = case
    method, _, url = line.partition(" ")
    answer = server.request(method, url, headers=headers, through_flask=through_flask)
    assert answer.status == status
    assert server.why(answer) == reason


def test_the_explanation_of_a_limit_names_its_setting(make_server: Callable[..., Installation]) -> None:
    server = make_server(rate_limit_default="1/minute")
    server.get("/")
    answer = server.get("/")
    assert answer.status == 429
    assert server.why(answer) == "rate_limited"
    found = REFERENCE.search(answer.text)
    assert found is not None
    with server.reading() as unit:
        refusal = unit.refusals.find(found[0])
    assert refusal is not None
    assert (refusal.setting, refusal.spec, refusal.endpoint) == ("rate_limit_default", "RFC 6585 §4", "edge")
