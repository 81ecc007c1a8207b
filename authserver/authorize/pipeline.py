"""The authorization request is this table. Adding a rule means adding a row.

Every row runs for the ways in which it is listed, in this order. Rows above
`check_redirect_uri` answer with a page, rows below with a redirect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from authserver.authorize.checks import clients, hints, parameters, proof, responses, scopes
from authserver.authorize.collaborators import Collaborators
from authserver.authorize.context import BOTH, Context, Via

StepFunction = Callable[[Context, Collaborators], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One rule and the ways in which it runs."""

    run: StepFunction
    on: Via


STEPS: tuple[Step, ...] = (
    Step(parameters.reject_long_parameters, on=Via.AUTHORIZE),
    Step(clients.reject_repeated_identity, on=Via.AUTHORIZE),
    Step(clients.load_client, on=BOTH),
    Step(clients.check_redirect_uri, on=BOTH),
    Step(responses.assign_response_mode, on=BOTH),
    Step(parameters.reject_repeated_parameters, on=Via.AUTHORIZE),
    Step(parameters.reject_unsupported_parameters, on=Via.AUTHORIZE),
    Step(responses.check_response_type, on=BOTH),
    Step(responses.check_response_mode, on=BOTH),
    Step(scopes.check_scope, on=BOTH),
    Step(scopes.check_resources, on=BOTH),
    Step(proof.check_code_challenge, on=BOTH),
    Step(hints.check_prompt, on=BOTH),
    Step(hints.check_max_age, on=BOTH),
    Step(hints.load_id_token_hint, on=BOTH),
)


def run(context: Context, collaborators: Collaborators) -> None:
    """Run every row that applies. Raises the ProtocolError of the first that refuses."""
    for step in STEPS:
        if context.via in step.on:
            step.run(context, collaborators)
