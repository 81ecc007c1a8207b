"""`x-fapi-interaction-id` at protected resources (FAPI 1.0 Baseline §6.2.1).

The suite asks it of every resource request of `fapi1-advanced-final`.
"""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.installation import Installation
from tests.relying_party import RelyingParty

URL = "/oauth2/userinfo"
OURS = "c770aef3-6784-41f7-8e0e-ff5f97bddb3a"


@pytest.mark.parametrize("sent", [OURS, OURS.upper()])
def test_the_clients_name_comes_back(server: Installation, relying_party: RelyingParty, sent: str) -> None:
    bearer = {"Authorization": f"Bearer {relying_party.tokens()['access_token']}"}
    for headers, status in ((bearer, 200), ({}, 401), ({"Authorization": "Bearer x"}, 401)):
        answer = server.get(URL, headers=headers | {"x-fapi-interaction-id": sent})
        assert (answer.status, answer.all("x-fapi-interaction-id")) == (status, [sent])


@pytest.mark.parametrize("sent", [None, "", "text", OURS + "0", "a,b", f"{OURS},{OURS}"])
def test_where_there_is_none_the_server_makes_one(server: Installation, sent: str | None) -> None:
    headers = {} if sent is None else {"x-fapi-interaction-id": sent}
    names = {server.get(URL, headers=headers).header("x-fapi-interaction-id") or "" for _ in range(2)}
    assert len(names) == 2
    assert all(str(UUID(name)) == name for name in names)
