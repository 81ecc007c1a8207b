from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import pytest

import authserver
from authserver.authorize import pipeline
from authserver.authorize.checks import clients, parameters, proof, responses, scopes, sources
from authserver.authorize.context import Context, Via
from authserver.endpoints import authorize
from authserver.protocol import limits
from authserver.protocol.errors import UntrustedRequest
from authserver.protocol.messages import Parameters


def position(step: object) -> int:
    return next(index for index, row in enumerate(pipeline.STEPS) if row.run is step)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (clients.reject_repeated_identity, clients.load_client),
        (clients.load_client, clients.check_redirect_uri),
        (clients.load_client, sources.recall_pushed_request),
        (sources.recall_pushed_request, sources.read_request_object),
        (sources.read_request_object, clients.check_redirect_uri),
        (clients.check_redirect_uri, parameters.reject_repeated_parameters),
        (responses.assign_response_mode, parameters.reject_repeated_parameters),
        (responses.assign_response_mode, responses.check_response_type),
        (scopes.check_scope, proof.check_code_challenge),
    ],
)
def test_rows_stand_in_the_order_that_matters(earlier: object, later: object) -> None:
    assert position(earlier) < position(later)


def test_client_and_redirect_uri_are_checked_on_every_way() -> None:
    assert pipeline.STEPS[position(clients.load_client)].on == Via.AUTHORIZE | Via.RESUME
    assert pipeline.STEPS[position(clients.identify_pusher)].on == Via.PUSH
    for step in (clients.check_redirect_uri, proof.check_code_challenge, scopes.check_scope):
        assert pipeline.STEPS[position(step)].on == Via.AUTHORIZE | Via.PUSH | Via.RESUME


def test_nothing_is_redirectable_before_its_row() -> None:
    context = Context(Parameters([("state", "x" * 5000)]))
    with pytest.raises(UntrustedRequest):
        pipeline.run(context, cast("Any", None))
    assert not context.is_redirectable


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        ([("state", "x" * 4097)], "parameter_too_long"),
        ([("other", "x" * (limits.PARAMETER_LENGTH + 1))], "parameter_too_long"),
        ([(f"p{number}", "x" * limits.PARAMETER_LENGTH) for number in range(4)], "request_too_long"),
    ],
)
def test_what_is_long_is_refused_with_the_limit_named(pairs: list[tuple[str, str]], reason: str) -> None:
    with pytest.raises(UntrustedRequest) as refused:
        parameters.reject_long_parameters(Context(Parameters(pairs)), cast("Any", None))
    assert refused.value.reason == reason
    assert any(char.isdigit() for char in refused.value.description)


def test_what_would_be_kept_is_bounded_in_bytes() -> None:
    pairs = [("state", "\N{SNOWMAN}" * 4000), ("login_hint", "x" * 400)]
    with pytest.raises(UntrustedRequest, match="request_too_long") as refused:
        parameters.reject_long_parameters(Context(Parameters(pairs)), cast("Any", None))
    assert str(limits.REQUEST_BYTES) in refused.value.description
    ignored = [("other", "\N{SNOWMAN}" * 8000), ("state", "x" * 4000)]
    parameters.reject_long_parameters(Context(Parameters(ignored)), cast("Any", None))


def test_every_parameter_that_is_read_is_kept() -> None:
    packages = [Path(authserver.__file__).parent / name for name in ("authorize", "interaction")]
    source = "".join(path.read_text() for package in packages for path in package.rglob("*.py"))
    source += Path(authorize.__file__).read_text()
    read = set(re.findall(r'(?:context|parameters)\.(?:get|all)\("(\w+)"\)', source))
    assert read <= parameters.ENVELOPE | {"registration"}
    assert len(read) >= len(parameters.UNDERSTOOD) - 1


def test_longest_allowed_values_pass() -> None:
    pairs = [("state", "s" * 4096), ("nonce", "n" * 2048), ("redirect_uri", "r" * 2048)]
    context = Context(Parameters(pairs))
    parameters.reject_long_parameters(context, cast("Any", None))
    assert [(name, context.parameters.get(name)) for name, _ in pairs] == pairs


def test_client_is_there_for_later_steps_alone() -> None:
    with pytest.raises(AssertionError):
        _ = Context(Parameters()).verified_client


def test_kind_of_request_is_read_from_it() -> None:
    context = Context(Parameters(), scopes=frozenset({"openid"}), prompts=frozenset({"none"}))
    assert context.is_openid
    assert context.is_silent
