"""Properties of tokens, by their numbers."""

from __future__ import annotations

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from authserver.protocol import validity
from authserver.protocol.errors import InvalidToken
from authserver.signing.keys import ALGORITHMS
from authserver.tokens import access_tokens, jose
from authserver.tokens.verification import verify_access_token
from tests.conftest import NOON
from tests.keys import all_keys, signing

ISSUER, API = "https://id.example", "https://api.example"
KEYS = all_keys()
START = validity.epoch(NOON)


def issue(alg: str, lifetime: int) -> str:
    claims = access_tokens.build(
        issuer=ISSUER,
        subject="user-1",
        audience=[API],
        client_id="client-1",
        scopes=["read"],
        jti="token-1",
        issued_at=START,
        expires_in=lifetime,
    )
    return jose.sign(claims, signing(alg), access_tokens.TYPE)


@given(alg=st.sampled_from(ALGORITHMS), lifetime=st.integers(1, 7200), late=st.integers(1, 10**8))
@settings(max_examples=100, deadline=None)
def test_property_26_an_access_token_is_refused_from_its_expiry_on(alg: str, lifetime: int, late: int) -> None:
    token = issue(alg, lifetime)
    with time_machine.travel(START + lifetime - 1, tick=False) as clock:
        assert verify_access_token(token, KEYS, ISSUER, API).expires_at == START + lifetime
        for moment in (START + lifetime, START + lifetime + 1, START + lifetime + late):
            clock.move_to(moment)
            with pytest.raises(InvalidToken) as refused:
                verify_access_token(token, KEYS, ISSUER, API)
            assert refused.value.reason == "token_expired"
            assert refused.value.status == 401
