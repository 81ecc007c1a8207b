"""Secrets of a whole journey are nowhere that anybody looks: logs, spool, numbers, errors, explanations, databases."""

from __future__ import annotations

import base64
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import redis
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from authserver.cli.group import cli
from tests.installation import PASSWORD, REFERENCE, Answer
from tests.integration import remote
from tests.integration.remote import Remote
from tests.integration.served import eventually
from tests.integration.test_instances import KINDS, values_for
from tests.relying_party import Browser, RelyingParty, hidden_fields
from tests.servers.postgresql import find_program

ONE_TIME, WRONG, MISPLACED = "One-Time-9-Canary-Password", "Wrong-8-Canary-Password", "Typed-7-As-A-Name-Canary"
WRONG_SECRET = "a-wrong-client-secret-canary"
EMAIL = "alice@example.com"
OPAQUE = "https://opaque.example"
OFFLINE = "openid offline_access"
LEVELS = "authserver=debug,sqlalchemy.engine=debug,sqlalchemy.pool=debug,limits=debug,authlib=debug,werkzeug=debug"


@dataclass
class Journey:
    """What a journey leaves: its secrets by name, the refusals it met, and where everything was written."""

    product: Remote
    secrets: dict[str, str] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict)
    refusals: list[Answer] = field(default_factory=list)
    outputs: dict[str, bytes] = field(default_factory=dict)
    subject: str = ""

    def keep(self, **secrets: str) -> None:
        """Remember secrets; of a token its signature too, which is what makes it one."""
        for kind, value in secrets.items():
            name = f"{kind} {len(self.secrets)}"
            self.secrets[name] = value
            if value.count(".") == 2:
                self.secrets[f"{name}, signature"] = value.rpartition(".")[2]

    def refused(self, answer: Answer) -> Answer:
        """Remember what the server said to something wrong."""
        assert answer.status >= 400, answer.text[:300]
        self.refusals.append(answer)
        return answer


class Watching(Browser):
    """A browser whose every cookie and form proof is a secret of the journey."""

    journey: Journey

    def _keep_cookies(self, answer: Answer) -> None:
        super()._keep_cookies(answer)
        for value in self.cookies.values():
            if len(value) >= 16 and value not in self.journey.secrets.values():
                self.journey.keep(cookie=value)
        if answer.status == 200 and (token := hidden_fields(answer).get("csrf_token")):
            self.journey.keep(csrf=token)


@pytest.fixture(params=KINDS, scope="module")
def journey(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """A journey that was made, and everything it left behind."""
    directory = tmp_path_factory.mktemp("leaks")
    values = values_for(request, request.param, directory) | {
        "AUTHSERVER_LOG_LEVELS": LEVELS,
        "AUTHSERVER_LOG_FORMAT": "text" if request.param == "postgresql" else "json",
        "AUTHSERVER_METRICS_TOKEN": "metrics-token-canary",
        "AUTHSERVER_DELAY_AFTER": "100",
    }
    with remote.serving(directory, "granian", values, ("--with-worker",)) as product:
        made = Journey(product)
        made.keep(metrics="metrics-token-canary", password=PASSWORD, one_time=ONE_TIME, wrong=WRONG)
        made.keep(misplaced=MISPLACED, client_secret=WRONG_SECRET)
        travel(made)
        look_around(made)
        product.process.stop()
        collect(made, directory, values)
        yield made


def travel(made: Journey) -> None:
    """A person signs in with a one-time password and an application does all it can, right and wrong."""
    product = made.product
    made.subject = product.add_user(password=ONE_TIME, password_must_change=True).id
    product.add_resource(OPAQUE, scopes=("opaque:read",), token_format="opaque")
    scopes = frozenset({"openid", "offline_access", "email", "opaque:read"})
    party = RelyingParty(product, *product.add_client(scopes=scopes, resources=(OPAQUE,)))
    made.keep(client_secret=party.secret, basic=base64.b64encode(f"app:{party.secret}".encode()).decode())
    code = sign_in(made, party)
    made.keep(code=code, verifier=party.verifier)
    made.refused(party.redeem(code, code_verifier=party.verifier[::-1]))
    made.refused(RelyingParty(product, "app", WRONG_SECRET, verifier=party.verifier).redeem(code))
    form = {"grant_type": "authorization_code", "code": code, "client_secret": party.secret}
    made.refused(product.post(f"/oauth2/token?{urlencode(form)}", {}))
    tokens = keep_tokens(made, party.redeem(code))
    rotated = keep_tokens(made, party.refresh(tokens["refresh_token"]))
    party.introspect(rotated["access_token"])
    product.get(f"/oauth2/userinfo?access_token={tokens['access_token']}")
    made.refused(product.get("/oauth2/userinfo", headers={"Authorization": f"Bearer {rotated['refresh_token']}"}))
    use_an_opaque_token(made, party)
    secret = product.registration.rotate_secret("app").secret or ""
    made.keep(client_secret=secret)
    renewed = RelyingParty(product, "app", secret, verifier=party.verifier)
    eventually(
        lambda: renewed.ask("revoke", rotated["refresh_token"]).status == 200, "the new secret is not known everywhere"
    )
    made.refused(renewed.redeem(code))
    made.refused(renewed.refresh(rotated["refresh_token"]))


def sign_in(made: Journey, party: RelyingParty) -> str:
    """Wrong, misplaced and right passwords, a new password, consent; the code."""
    browser = Watching(made.product)
    browser.journey = made
    page = party.request(browser, scope=f"{OFFLINE} email")
    page = made.refused(browser.sign_in(page, password=WRONG))
    page = made.refused(browser.sign_in(page, name=MISPLACED, password=WRONG))
    page = browser.sign_in(page, password=ONE_TIME)
    assert browser.path == "/password/change", page.text[:300]
    page = made.refused(browser.submit(page, new_password=WRONG, repeat_password=ONE_TIME))
    page = browser.submit(page, new_password=PASSWORD, repeat_password=PASSWORD)
    response = party.response(browser.allow(page))
    return response["code"]


def keep_tokens(made: Journey, answer: Answer) -> dict[str, Any]:
    """The tokens of an answer, remembered."""
    assert answer.status == 200, answer.text
    found = dict(answer.json)
    made.keep(**{name: found[name] for name in ("access_token", "refresh_token", "id_token") if name in found})
    return found


def use_an_opaque_token(made: Journey, party: RelyingParty) -> None:
    """A token that is a row, used, asked about and revoked."""
    browser = Watching(made.product)
    browser.journey = made
    code = party.sign_in(browser, scope="openid opaque:read", resource=OPAQUE)["code"]
    made.keep(code=code)
    token = keep_tokens(made, party.redeem(code, resource=OPAQUE))["access_token"]
    assert token.count(".") == 0
    party.introspect(token)
    assert party.ask("revoke", token).status == 200


def look_around(made: Journey) -> None:
    """What operators look at."""
    product = made.product
    made.outputs["metrics"] = product.get("/metrics").body
    made.outputs["health"] = product.get("/health").body
    made.outputs["refusals"] = b"\n".join(answer.body + repr(answer.headers).encode() for answer in made.refusals)
    references = {found for answer in made.refusals for found in REFERENCE.findall(answer.text)}
    assert len(references) >= 5
    assert product.instance is not None
    commands = [("explain", reference) for reference in sorted(references)]
    commands += [("keys", "list"), ("clients", "show", "app"), ("users", "show", "alice"), ("doctor",)]
    for arguments in commands:
        result = CliRunner().invoke(cli, list(arguments), env=product.instance.environ)
        assert result.exit_code == 0 or arguments == ("doctor",), result.output
        made.outputs[" ".join(arguments)] = result.output.encode()


def collect(made: Journey, directory: Path, values: dict[str, str]) -> None:
    """Everything that was written, and the keys that must not be in it."""
    services = made.product.services
    for alg in services.keyring.algorithms():
        private = services.keyring.active(alg).private
        made.keys[f"{alg} key"] = secret_number(private)
    for name in ("sealing_key", "pepper", "application_secret"):
        made.keys[name] = getattr(made.product.settings, name)
    for path in directory.rglob("*"):
        if path.is_file() and "keys" not in path.parts and path.name != "admin-password":
            made.outputs[str(path.relative_to(directory))] = path.read_bytes()
    if "AUTHSERVER_REDIS_URL" in values:
        url = values["AUTHSERVER_DATABASE_URL"]
        dump = [str((find_program("postgres") or Path()).with_name("pg_dump")), "--inserts", "--dbname", url]
        made.outputs["pg_dump"] = subprocess.run(dump, check=True, capture_output=True).stdout
        made.outputs["redis"] = dump_redis(values["AUTHSERVER_REDIS_URL"])


def secret_number(private: Any) -> bytes:
    """What makes a private key private, as bytes."""
    numbers = getattr(private, "private_numbers", None)
    if numbers is None:
        return bytes(private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))
    value = getattr(numbers(), "d", None) or numbers().private_value
    return int(value).to_bytes((int(value).bit_length() + 7) // 8, "big")


def dump_redis(url: str) -> bytes:
    """Every key and value, uncompressed."""
    read = {
        b"string": lambda client, key: [client.get(key)],
        b"zset": lambda client, key: client.zrange(key, 0, -1),
        b"list": lambda client, key: client.lrange(key, 0, -1),
        b"hash": lambda client, key: [part for pair in client.hgetall(key).items() for part in pair],
        b"set": lambda client, key: client.smembers(key),
    }
    with redis.Redis.from_url(url) as client:
        return b"\n".join(
            b" ".join([key, *(value or b"" for value in read[client.type(key)](client, key))])
            for key in client.scan_iter()
        )


def shapes(value: bytes) -> set[bytes]:
    """How a secret may look where somebody wrote it: as it is, quoted, in hexadecimal, in base64."""
    encoded = {base64.b64encode(value).rstrip(b"="), base64.urlsafe_b64encode(value).rstrip(b"=")}
    return {value, quote(value).encode(), value.hex().encode(), *encoded}


def found_in(outputs: dict[str, bytes], value: bytes) -> list[str]:
    """The outputs that hold a secret in any shape."""
    return [name for name, text in outputs.items() if any(shape in text for shape in shapes(value))]


def test_the_search_finds_what_is_there(journey: Journey) -> None:
    assert [name for name in found_in(journey.outputs, journey.subject.encode()) if name != "pg_dump"]
    where = found_in(journey.outputs, EMAIL.encode())
    assert [name for name in where if name.startswith(("pg_dump", "shared.db"))]
    assert "server.log" in found_in(journey.outputs, b"/oauth2/token")
    assert "metrics" in found_in(journey.outputs, b"authserver_logins_total")
    assert len(journey.secrets) > 25
    assert len(journey.keys) == 7


def test_no_secret_of_the_journey_is_written_anywhere(journey: Journey) -> None:
    found = {name: found_in(journey.outputs, value.encode()) for name, value in journey.secrets.items()}
    # A name that was typed is shown again in the field, to whoever typed it, with a proof for the form.
    shown = {name for name in found if name.startswith(("misplaced", "csrf")) and found[name] == ["refusals"]}
    assert {name: where for name, where in found.items() if where and name not in shown} == {}


def test_no_key_is_written_anywhere(journey: Journey) -> None:
    found = {name: found_in(journey.outputs, value) for name, value in journey.keys.items()}
    assert {name: where for name, where in found.items() if where} == {}
    assert not [name for name, text in journey.outputs.items() if b"PRIVATE KEY" in text]


def test_logs_name_nobody(journey: Journey) -> None:
    log = journey.outputs["server.log"]
    assert EMAIL.encode() not in log
    assert re.search(rb"debug|DEBUG", log)


def test_bodies_of_refusals_hold_neither_statements_nor_stacks(journey: Journey) -> None:
    assert not re.search(rb"Traceback|sqlalchemy|sqlite3|psycopg|SELECT |INSERT ", journey.outputs["refusals"])
