"""Apache with mod_auth_openidc signs people in through the server, and passes on what it learnt of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser

from tests.integration.person import PASSWORD, Person, add_person
from tests.servers import apache, tls
from tests.servers.apache import Apache
from tests.servers.authserver import Instance
from tests.servers.authserver import running as serving
from tests.servers.process import free_port
from tests.servers.tls import Certificate

pytestmark = pytest.mark.apache

# What the module tells the application behind it travels in request headers; the answer shows them.
SIGNED_IN = """
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {client_secret}
OIDCRedirectURI {origin}/apache/callback
OIDCPKCEMethod S256
OIDCScope "openid profile email"
OIDCRemoteUserClaim preferred_username
OIDCPassClaimsAs headers
OIDCCABundlePath {certificate}
OIDCCryptoPassphrase 0123456789abcdef0123456789abcdef
<Location />
AuthType openid-connect
Require valid-user
Header set X-User "expr=%{{REMOTE_USER}}"
Header set X-Subject "expr=%{{req:OIDC_CLAIM_sub}}"
Header set X-Name "expr=%{{req:OIDC_CLAIM_name}}"
Header set X-Email "expr=%{{req:OIDC_CLAIM_email}}"
Header set X-Verified "expr=%{{req:OIDC_CLAIM_email_verified}}"
</Location>
<Location /ada>
Require claim preferred_username:ada
</Location>
<Location /grace>
Require claim preferred_username:grace
</Location>
"""

# A resource server: no page, a bearer token or nothing.
PROTECTED = """
OIDCRedirectURI {origin}/apache/callback
OIDCCryptoPassphrase 0123456789abcdef0123456789abcdef
OIDCCABundlePath {certificate}
<Location />
AuthType oauth20
Require claim aud:{resource}
Header set X-Client "expr=%{{req:OIDC_CLAIM_client_id}}"
</Location>
"""
BY_JWKS = "OIDCOAuthVerifyJwksUri {issuer}/.well-known/jwks.json\n"
BY_INTROSPECTION = """
OIDCOAuthIntrospectionEndpoint {issuer}/oauth2/introspect
OIDCOAuthClientID {client_id}
OIDCOAuthClientSecret {client_secret}
OIDCOAuthTokenIntrospectionInterval -1
"""


@dataclass
class Site:
    """A server, and an Apache that trusts it."""

    instance: Instance
    certificate: Path
    apache: Apache
    subject: str

    @property
    def page(self) -> str:
        """A protected page."""
        return f"{self.apache.origin}/index.html"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """What the server proves itself with: as a resource server the module talks to nobody without TLS."""
    return tls.certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def instance(certificate: Certificate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """A server behind TLS of its own."""
    if reason := apache.missing():
        pytest.skip(reason)
    with serving(tmp_path_factory.mktemp("server"), tls=certificate) as served:
        yield served


@contextmanager
def serving_pages(
    instance: Instance, certificate: Certificate, configuration: str, port: int, **values: Any
) -> Iterator[Apache]:
    """An Apache with a few pages, configured to trust the server."""
    with tempfile.TemporaryDirectory(prefix="authserver-apache-") as name:
        Path(name).chmod(0o755)
        trusted = Path(name, "trusted.pem")
        trusted.write_bytes(certificate.certfile.read_bytes())
        origin = f"http://127.0.0.1:{port}"
        text = configuration.format(issuer=instance.issuer, origin=origin, certificate=trusted, **values)
        with apache.running(Path(name), text, port) as server:
            for directory in ("", "ada", "grace"):
                (server.pages / directory).mkdir(exist_ok=True)
                (server.pages / directory / "index.html").write_text("<title>Protected</title>")
            yield server


@pytest.fixture(scope="module")
def site(instance: Instance, certificate: Certificate) -> Iterator[Site]:
    """An Apache that signs people in."""
    subject = add_person(instance)
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    uris = ("--redirect-uri", f"{origin}/apache/callback", "--post-logout-redirect-uri", f"{origin}/left.html")
    client = instance.create("clients", "--name", "Intranet", *uris, "--scope", "openid profile email")
    values = {name: client[name] for name in ("client_id", "client_secret")}
    with serving_pages(instance, certificate, SIGNED_IN, port, **values) as server:
        yield Site(instance, certificate.certfile, server, subject)


def trusting(certificate: Path) -> requests.Session:
    """Somebody's HTTP, with trust in this certificate, whatever the environment names."""
    session = requests.Session()
    session.trust_env, session.verify = False, str(certificate)
    return session


def arrive(site: Site) -> Person:
    """Somebody who has signed in to the page by plain HTTP."""
    person = Person(site.instance.issuer, http=trusting(site.certificate))
    start = person.http.get(site.page, allow_redirects=False, timeout=60)
    callback = person.sign_in(start.headers["Location"])
    assert callback.startswith(f"{site.apache.origin}/apache/callback?"), callback
    back = person.http.get(callback, allow_redirects=False, timeout=60)
    assert (back.status_code, back.headers.get("Location")) == (302, site.page), what(site.apache)
    return person


def test_claims_arrive_in_headers(site: Site) -> None:
    answer = arrive(site).http.get(site.page, timeout=60)
    names = ("X-User", "X-Subject", "X-Name", "X-Email", "X-Verified")
    assert answer.status_code == 200
    assert [answer.headers[name] for name in names] == ["ada", site.subject, "Ada Lovelace", "ada@example.com", "1"]


def test_a_claim_decides_what_one_may_see(site: Site) -> None:
    person = arrive(site)
    statuses = [person.http.get(f"{site.apache.origin}/{place}/", timeout=60).status_code for place in ("ada", "grace")]
    assert statuses == [200, 401]


def test_logout_ends_both_sessions_and_leads_back(site: Site) -> None:
    person = arrive(site)
    leave = f"{site.apache.origin}/apache/callback?logout={site.apache.origin}/left.html"
    answer = person.http.get(leave, allow_redirects=False, timeout=60)
    assert answer.headers["Location"].startswith(f"{site.instance.issuer}/oauth2/logout?id_token_hint=")
    ended = person.http.get(answer.headers["Location"], allow_redirects=False, timeout=60)
    assert ended.headers["Location"].startswith(f"{site.apache.origin}/left.html")
    again = person.http.get(site.page, allow_redirects=False, timeout=60)
    login = person.follow(person.http.get(again.headers["Location"], allow_redirects=False, timeout=60))
    assert login.url.startswith(f"{site.instance.issuer}/login?")


def test_chromium_signs_in_through_apache(site: Site, chromium: Browser) -> None:
    context = chromium.new_context(ignore_https_errors=True)
    tab = context.new_page()
    tab.goto(site.page)
    tab.fill("#username", "ada")
    tab.fill("#password", PASSWORD)
    tab.click("#login-submit")
    tab.wait_for_url(lambda url: not url.startswith(f"{site.instance.issuer}/login"))
    if tab.locator("#consent-allow").count():
        tab.click("#consent-allow")
    tab.wait_for_url(site.page)
    assert tab.title() == "Protected"
    context.close()


@pytest.mark.parametrize(
    ("name", "configuration"), [("jwks", BY_JWKS), ("introspection", BY_INTROSPECTION)], ids=["jwks", "introspection"]
)
def test_apache_lets_bearers_of_our_tokens_in(
    instance: Instance, certificate: Certificate, name: str, configuration: str
) -> None:
    resource = f"https://api.example/{name}"
    gateway = instance.create("clients", "--name", "Gateway", "--grant", "client_credentials")
    instance.create("resources", "--id", resource, "--name", "Orders", "--introspected-by", gateway["client_id"])
    caller = instance.create("clients", "--name", "Job", "--grant", "client_credentials", "--resource", resource)
    api = trusting(certificate.certfile)
    api.auth = (caller["client_id"], caller["client_secret"])
    form = {"grant_type": "client_credentials", "resource": resource}
    token = api.post(f"{instance.issuer}/oauth2/token", form, timeout=60).json()["access_token"]
    values = {"resource": resource} | {name: gateway[name] for name in ("client_id", "client_secret")}
    bearer = {"Authorization": f"Bearer {token}"}
    with serving_pages(instance, certificate, configuration + PROTECTED, free_port(), **values) as server:
        page = f"{server.origin}/index.html"
        assert requests.get(page, timeout=60).status_code == 401
        answer = requests.get(page, headers=bearer, timeout=60)
        assert (answer.status_code, answer.headers.get("X-Client")) == (200, caller["client_id"]), what(server)
        api.post(f"{instance.issuer}/oauth2/revoke", {"token": token}, timeout=60)
        # Who asks the server knows at once; who checks the signature knows when the token expires.
        assert requests.get(page, headers=bearer, timeout=60).status_code == (401 if name == "introspection" else 200)


def what(server: Apache) -> str:
    """What Apache has to say."""
    return server.errors.read_text()[-3000:]
