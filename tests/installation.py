"""A complete server in this process, with people and clients in it, for journeys and specification suites."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from authserver import app
from authserver.access.registration import AccessRegistration, ResourceMetadata, seed_standard_scopes
from authserver.clients import subject_identifiers
from authserver.clients.metadata import ClientMetadata
from authserver.clients.registration import ClientRegistration
from authserver.identity.addresses import Email, Username
from authserver.identity.users import NewUser
from authserver.protocol.messages import FORM_CONTENT_TYPE
from authserver.settings.schema import Settings
from authserver.signing.rotation import Rotation
from authserver.storage import migrations
from authserver.storage.models.users import User
from authserver.storage.unit import Unit

PASSWORD = "Correct-Horse-7-Battery"
REDIRECT_URI = "https://app.example/callback"
REFERENCE = re.compile(r"[2-9A-HJ-NP-Z]{5}-[2-9A-HJ-NP-Z]{5}")


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header with this name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def all(self, name: str) -> list[str]:
        """Every header with this name."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def location(self) -> str:
        """Where the answer redirects to."""
        value = self.header("Location")
        assert value is not None, f"no redirect but {self.status}: {self.text[:300]}"
        return value


@dataclass
class Installation:
    """The server under test."""

    mounted: app.Mounted
    address: str = "127.0.0.1"
    users: dict[str, User] = field(default_factory=dict)

    @property
    def services(self) -> Any:
        """Every collaborator."""
        return self.mounted.services

    @property
    def settings(self) -> Settings:
        """The settings."""
        return self.mounted.services.settings

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """A transaction."""
        with self.mounted.services.database.unit() as unit:
            yield unit

    @contextmanager
    def reading(self) -> Iterator[Unit]:
        """A unit that only reads."""
        with self.mounted.services.database.reading() as unit:
            yield unit

    def request(
        self,
        method: str,
        url: str,
        *,
        form: Any = None,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        through_flask: bool = False,
    ) -> Answer:
        """Send one request to the server's WSGI callable."""
        parts = urlsplit(url)
        issuer = urlsplit(self.settings.issuer)
        payload = body if body is not None else urlencode(form, doseq=True).encode() if form is not None else b""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": parts.path or "/",
            "QUERY_STRING": parts.query,
            "REMOTE_ADDR": self.address,
            "SERVER_NAME": issuer.hostname,
            "SERVER_PORT": str(issuer.port or 80),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": issuer.netloc,
            "wsgi.url_scheme": issuer.scheme,
            "wsgi.input": io.BytesIO(payload),
            "wsgi.errors": io.StringIO(),
            "wsgi.version": (1, 0),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if payload or form is not None:
            environ["CONTENT_LENGTH"] = str(len(payload))
            environ["CONTENT_TYPE"] = FORM_CONTENT_TYPE
        for name, value in (headers or {}).items():
            key = name.upper().replace("-", "_")
            environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
        captured: list[tuple[str, list[tuple[str, str]]]] = []
        application = self.mounted.flask_app if through_flask else self.mounted.thin
        chunks = application(environ, lambda status, fields, exc=None: captured.append((status, fields)))
        status, fields = captured[0]
        return Answer(int(status[:3]), tuple(fields), b"".join(chunks))

    def get(self, url: str, **values: Any) -> Answer:
        """GET."""
        return self.request("GET", url, **values)

    def post(self, url: str, form: Any = None, **values: Any) -> Answer:
        """POST a form."""
        return self.request("POST", url, form=form if form is not None else {}, **values)

    def why(self, answer: Answer) -> str:
        """The private reason of a refusal, behind the reference that a page, a body or a redirect shows."""
        found = REFERENCE.search(answer.text) or REFERENCE.search(answer.header("Location") or "")
        assert found is not None, f"no reference in {answer.status}: {answer.header('Location')} {answer.text[:300]}"
        self.services.explanations.flush()
        with self.reading() as unit:
            refusal = unit.refusals.find(found[0])
        assert refusal is not None
        return refusal.reason

    def add_user(self, name: str = "alice", password: str = PASSWORD, **values: Any) -> User:
        """A person who can sign in, with every standard claim that a test does not care about left out."""
        services = self.mounted.services
        prepared = services.passwords.prepare(password)
        new = NewUser(
            email=Email.parse(f"{name}@example.com"),
            username=Username.parse(name),
            password=prepared,
            email_verified=True,
            **values,
        )
        with self.unit() as unit:
            user = services.users.create(unit, new)
        self.users[name] = user
        return user

    def add_client(self, client_id: str = "app", *, secret: str | None = None, **values: Any) -> tuple[str, str]:
        """A confidential web client for the code flow, unless `values` say otherwise; returns id and secret."""
        chosen: dict[str, Any] = {
            "name": "Acme Photos",
            "redirect_uris": (REDIRECT_URI,),
            "grant_types": ("authorization_code", "refresh_token"),
            "scopes": frozenset({"openid", "profile", "email", "address", "phone", "offline_access"}),
        }
        metadata = ClientMetadata(**(chosen | values))
        registered = self.registration.create(metadata, client_id=client_id, secret=secret)
        return client_id, registered.secret or ""

    @property
    def registration(self) -> ClientRegistration:
        """Registers clients."""
        services = self.mounted.services
        return ClientRegistration(services.database, services.crypto.client_secrets, services.recorder)

    def add_resource(self, uri: str = "https://api.example", *, scopes: tuple[str, ...] = (), **values: Any) -> str:
        """A protected resource with its scopes."""
        services = self.mounted.services
        registration = AccessRegistration(services.database, services.recorder, self.settings.issuer)
        chosen: dict[str, Any] = {"name": "Orders", "scopes": frozenset(scopes)}
        registration.create_resource(uri, ResourceMetadata(**(chosen | values)))
        services.catalog.forget()
        services.clients.forget()
        return uri


def install(settings: Settings, algorithms: tuple[str, ...] = ("RS256", "ES256")) -> Installation:
    """Migrate, make keys and standard scopes, and mount the server."""
    mounted = app.mount(settings)
    services = mounted.services
    migrations.upgrade(services.database)
    with services.database.unit() as unit:
        Rotation(settings, services.crypto.sealer, services.recorder).ensure(unit, algorithms)
        subject_identifiers.ensure_key(unit, services.crypto.sealer)
        seed_standard_scopes(unit)
    return Installation(mounted)
