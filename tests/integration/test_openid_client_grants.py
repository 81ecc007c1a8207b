"""What the conformance suite has no plan for, by openid-client and oauth4webapi, which nobody here wrote.

Device grant and CIBA with a person elsewhere; request objects, pushed requests, JARM, DPoP, token exchange and signed
introspection under the profile of FAPI 2.0 Message Signing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from jwt.algorithms import ECAlgorithm

from tests.integration.node_script import script, walk
from tests.integration.person import Person, add_person
from tests.relying_party import hidden_fields, inputs
from tests.servers import npm
from tests.servers.authserver import Instance, running
from tests.signing import ClientKey

pytestmark = pytest.mark.node

CALLBACK = "https://shop.example/callback"
SHOP, ORDERS = "https://api.example/shop", "https://api.example/orders"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
DEVICE, CIBA = "urn:ietf:params:oauth:grant-type:device_code", "urn:openid:params:grant-type:ciba"


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """A server with a person and two resources."""
    if reason := npm.missing():
        pytest.skip(reason)
    with running(tmp_path_factory.mktemp("grants")) as served:
        served.command("keys", "generate", "--alg", "ES256")
        served.command("scopes", "create", "read", "--description", "Read")
        for uri in (SHOP, ORDERS):
            served.create("resources", "--id", uri, "--name", uri)
        add_person(served)
        yield served


def opened(person: Person, url: str) -> requests.Response:
    """A page of the server, behind the login where there is one."""
    page = person.follow(person.http.get(url, allow_redirects=False, timeout=60))
    return person.log_in(page) if "/login" in page.url else page


def press(person: Person, page: requests.Response, action: str, **fields: Any) -> requests.Response:
    """Press a button of a page, with every scope that it offers left ticked."""
    for name in ("scope", "request"):
        offered = [values["value"] for values in inputs(page) if values.get("name") == name]
        fields |= {name: offered} if offered else {}
    form = hidden_fields(page) | fields | {"action": action}
    answer = person.follow(person.http.post(page.url, form, allow_redirects=False, timeout=60))
    assert answer.status_code == 200, answer.text
    return answer


def test_a_person_answers_elsewhere(instance: Instance) -> None:
    grants = ("--grant", DEVICE, "--grant", CIBA, "--scope", "openid profile", "--auth-method", "client_secret_post")
    metadata = json.dumps({"backchannel_token_delivery_mode": "poll"})
    made = instance.create("clients", "--name", "Till", *grants, "--metadata", "-", stdin=metadata)
    person, approvals = Person(instance.issuer), f"{instance.issuer}/approvals"
    configuration = {name: made[name] for name in ("client_id", "client_secret")}
    with script("decoupled.mjs", configuration | {"issuer": instance.issuer, "login_hint": "ada"}) as till:
        shown = till.read_until("device")
        page = opened(person, shown["verification_uri_complete"])
        press(person, press(person, page, "enter", user_code=shown["user_code"]), "allow")
        till.read_until("background")
        press(person, opened(person, approvals), "allow")
        till.read_until("to_be_refused")
        press(person, opened(person, approvals), "deny")
        till.read_until("refused")
    steps = till.steps
    for step in (steps["device_tokens"], steps["background_tokens"]):
        assert (step["userinfo"]["sub"], step["userinfo"]["name"]) == (step["claims"]["sub"], "Ada Lovelace")
    assert steps["refused"]["error"] == "access_denied"


def register_signer(instance: Instance) -> dict[str, Any]:
    """A client of the profile that signs with a key of its own; the key, as the script takes it."""
    key = ClientKey("ES256")
    jwks = instance.directory / "signer.json"
    jwks.write_text(json.dumps(key.jwks))
    grants = [item for grant in ("authorization_code", "refresh_token") for item in ("--grant", grant)]
    metadata = {
        "authorization_signed_response_alg": "ES256",
        "id_token_signed_response_alg": "ES256",
        "introspection_signed_response_alg": "ES256",
        "dpop_bound_access_tokens": True,
    }
    instance.create(
        "clients",
        *("--id", "signer", "--name", "Signer", "--profile", "fapi2-message-signing", *grants),
        *("--auth-method", "private_key_jwt", "--jwks", str(jwks), "--redirect-uri", CALLBACK),
        *("--scope", "openid profile offline_access read", "--resource", SHOP, "--resource", ORDERS),
        *("--metadata", "-"),
        stdin=json.dumps(metadata),
    )
    rule = ("--name", "onward", "--from-client", "signer", "--target", ORDERS)
    instance.command("exchange", "allow", "signer", *rule)
    return {"jwk": json.loads(ECAlgorithm.to_jwk(key.key.private)) | {"kid": key.key.kid}}


def test_everything_that_can_be_signed_is_signed(instance: Instance) -> None:
    configuration = register_signer(instance) | {
        "issuer": instance.issuer,
        "client_id": "signer",
        "redirect_uri": CALLBACK,
        "resource": SHOP,
        "exchanged_for": ORDERS,
    }
    steps = walk("message_signing.mjs", Person(instance.issuer), configuration, "introspected")
    assert "request_uri=" in steps["open"]["url"]
    assert (steps["tokens"]["token_type"], steps["refreshed"]["token_type"]) == ("dpop", "dpop")
    assert steps["exchanged"] == {"issued_token_type": ACCESS_TOKEN, "token_type": "dpop"}
    told = steps["introspected"]["introspection"]
    assert steps["introspected"]["type"] == "application/token-introspection+jwt"
    assert (told["active"], told["aud"], told["act"]["sub"]) == (True, ORDERS, "signer")
