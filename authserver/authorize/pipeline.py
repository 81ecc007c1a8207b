"""The authorization request is this table. Adding a rule means adding a row.

Every row runs for the ways in which it is listed, in this order. Rows above
`check_redirect_uri` answer with a page, rows below with a redirect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from authserver.authorize.checks import claims, clients, hints, parameters, proof, responses, scopes, sources
from authserver.authorize.collaborators import Collaborators
from authserver.authorize.context import ALL, FRESH, Context, Via

StepFunction = Callable[[Context, Collaborators], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One rule and the ways in which it runs."""

    run: StepFunction
    on: Via


STEPS: tuple[Step, ...] = (
    Step(parameters.reject_long_parameters, on=FRESH),
    Step(clients.reject_repeated_identity, on=FRESH),
    Step(clients.identify_pusher, on=Via.PUSH),
    Step(clients.load_client, on=Via.AUTHORIZE | Via.RESUME),
    Step(parameters.reject_repeated_envelope, on=FRESH),
    Step(sources.reject_reference_in_push, on=Via.PUSH),
    Step(sources.expect_answer, on=Via.AUTHORIZE),
    Step(sources.recall_pushed_request, on=Via.AUTHORIZE),
    Step(sources.read_request_object, on=FRESH),
    Step(clients.check_redirect_uri, on=ALL),
    Step(responses.assign_response_mode, on=ALL),
    Step(parameters.reject_repeated_parameters, on=FRESH),
    Step(parameters.reject_unsupported_parameters, on=FRESH),
    Step(responses.check_response_type, on=ALL),
    Step(responses.check_response_mode, on=ALL),
    Step(responses.check_signature_of_answer, on=ALL),
    Step(responses.check_explicitness, on=ALL),
    Step(scopes.check_scope, on=ALL),
    Step(responses.check_nonce, on=ALL),
    Step(scopes.check_resources, on=ALL),
    Step(proof.check_code_challenge, on=ALL),
    Step(proof.check_dpop_key, on=FRESH),
    Step(hints.check_prompt, on=ALL),
    Step(hints.check_max_age, on=ALL),
    Step(hints.load_id_token_hint, on=ALL),
    Step(claims.check_claims, on=ALL),
    Step(responses.check_readability, on=ALL),
)


def run(context: Context, collaborators: Collaborators) -> None:
    """Run every row that applies. Raises the ProtocolError of the first that refuses."""
    for step in STEPS:
        if context.via in step.on:
            step.run(context, collaborators)
