"""The test ground itself: servers start, are ended with their children, and nothing leaves the machine."""

from __future__ import annotations

import smtplib
import socket
import sys
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import psycopg
import pytest
import redis
import requests

from authserver.storage import Database, migrations
from tests.loopback import LeavesTheMachineError
from tests.servers import apache, authserver
from tests.servers.postgresql import PostgreSQL
from tests.servers.process import ServerError, ServerProcess, accepts, free_port
from tests.servers.redis import Redis
from tests.servers.smtp import SMTP

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from authserver.settings import Settings

LISTEN = """
import http.server, sys
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.BaseHTTPRequestHandler).serve_forever()
"""


RELYING_PARTY = """
OIDCProviderIssuer https://op.example
OIDCProviderAuthorizationEndpoint https://op.example/authorize
OIDCProviderTokenEndpoint https://op.example/token
OIDCProviderJwksUri https://op.example/jwks
OIDCClientID apache
OIDCClientSecret secret
OIDCRedirectURI http://127.0.0.1:{port}/callback
OIDCCryptoPassphrase 0123456789
<Location />
AuthType openid-connect
Require valid-user
</Location>
"""


def test_a_server_is_ready_when_it_is_lent_and_gone_afterwards(tmp_path: Path) -> None:
    port = free_port()
    with ServerProcess([sys.executable, "-c", LISTEN, str(port)], tmp_path / "log", ready=lambda: accepts(port)):
        assert accepts(port)
    assert not accepts(port)


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('the disk is full')"]
    with pytest.raises(ServerError, match="the disk is full"):
        ServerProcess(command, tmp_path / "log", ready=lambda: False).start()


def test_each_test_has_a_database_of_its_own(postgresql: PostgreSQL) -> None:
    with postgresql.database() as one, psycopg.connect(one) as connection:
        connection.execute("CREATE TABLE notes (text text)")
        connection.commit()
        with postgresql.database() as other, psycopg.connect(other) as second:
            tables = second.execute("SELECT count(*) FROM pg_tables WHERE tablename = 'notes'").fetchone()
    assert tables == (0,)


def test_a_database_can_be_copied_from_a_template(postgresql: PostgreSQL) -> None:
    template = postgresql.create()
    with psycopg.connect(postgresql.url(template)) as connection:
        connection.execute("CREATE TABLE notes (text text)")
    with postgresql.database(template) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM notes").fetchone() == (0,)
    postgresql.drop(template)


def test_redis_forgets_between_tests_and_can_be_started_again(redis_server: Redis) -> None:
    redis_server.process.stop()
    redis_server.process.start()
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.dbsize() == 0


def test_mail_is_received(smtp_server: SMTP) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "Grüße"
    message.set_content("Guten Tag")
    with smtplib.SMTP(smtp_server.host, smtp_server.port) as client:
        client.send_message(message)
    assert [received["Subject"] for received in smtp_server.messages] == ["Grüße"]


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(b"<title>It works</title>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the overridden method
        return


def test_the_browser_opens_a_page_of_this_machine(chromium: Browser) -> None:
    with HTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        context = chromium.new_context()
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        assert page.title() == "It works"
        context.close()
        server.shutdown()
        thread.join()


def test_a_connection_that_would_leave_the_machine_is_an_error() -> None:
    with socket.socket() as client, pytest.raises(LeavesTheMachineError):
        client.connect(("192.0.2.1", 443))
    with socket.socket(socket.AF_INET6) as client, pytest.raises(LeavesTheMachineError):
        client.connect_ex(("2001:db8::1", 443))


def test_a_name_is_looked_up_nowhere() -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("www.example.com", 443)


def test_settings_of_a_test_live_below_its_own_directory(settings: Settings, tmp_path: Path) -> None:
    assert settings.environment == "testing"
    assert settings.instance_dir.is_relative_to(tmp_path)
    assert settings.keys_dir.is_relative_to(tmp_path)


def test_a_database_has_the_current_schema_and_nothing_in_it(database: Database) -> None:
    migrations.require_head(database)
    with database.reading() as unit:
        assert unit.users.page(limit=1) == []


def test_apache_sends_a_stranger_to_the_provider(open_directory: Path) -> None:
    if (reason := apache.missing()) is not None:
        pytest.skip(reason)
    with apache.running(open_directory, RELYING_PARTY) as server:
        (server.pages / "index.html").write_text("secret")
        answer = requests.get(f"{server.origin}/", allow_redirects=False, timeout=60)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("https://op.example/authorize?response_type=code")


@pytest.mark.parametrize("server", ["granian", "gunicorn"])
def test_the_product_runs_on_both_servers_and_ends_when_told(tmp_path: Path, server: authserver.Server) -> None:
    with authserver.running(tmp_path, server=server) as instance:
        answer = requests.get(f"{instance.issuer}/.well-known/openid-configuration", timeout=60)
        assert answer.json()["issuer"] == instance.issuer
    assert instance.process.stop() == 0, instance.process.output()
    assert not accepts(instance.port)
