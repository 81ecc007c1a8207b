"""What is compressed, and what never is."""

from __future__ import annotations

import gzip

import pytest

from authserver.edge.compression import Compression, accepts_gzip
from authserver.edge.conditional import conditional, etag_of
from authserver.edge.routes import Routes
from authserver.protocol.messages import Request, Response

BODY = b"a" * 4000


def answered(routes: Routes, path: str, accept: str = "gzip, br", body: bytes = BODY) -> Response:
    tagged = Response(200, (("ETag", etag_of(body)),), body)
    return Compression(routes.find)(Request("GET", path, headers={"accept-encoding": accept}), lambda _: tagged)


@pytest.mark.parametrize("path", ["/.well-known/jwks.json", "/static/app.css"])
def test_metadata_and_assets_are_compressed(routes: Routes, path: str) -> None:
    answer = answered(routes, path)
    assert answer.header("Content-Encoding") == "gzip"
    assert answer.header("Vary") == "Accept-Encoding"
    assert gzip.decompress(answer.body) == BODY


@pytest.mark.parametrize("path", ["/login", "/oauth2/token", "/api/v1/users", "/nowhere"])
def test_where_secrets_meet_reflected_input_nothing_is_compressed(routes: Routes, path: str) -> None:
    assert answered(routes, path).header("Content-Encoding") is None


def test_a_compressed_answer_has_a_weak_tag(routes: Routes) -> None:
    assert answered(routes, "/static/app.css").header("ETag") == "W/" + etag_of(BODY)


def test_small_answers_are_left_alone(routes: Routes) -> None:
    assert answered(routes, "/static/app.css", body=b"a").header("Content-Encoding") is None


@pytest.mark.parametrize(
    ("header", "accepted"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("*", True), ("gzip;q=0", False), ("gzip;q=0.0", False), ("br", False)],
)
def test_the_caller_decides(header: str, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


@pytest.mark.parametrize("condition", ["{tag}", "W/{tag}", '"other", {tag}', "*"])
def test_who_has_the_newest_body_gets_304(condition: str) -> None:
    tag = etag_of(BODY)
    answer = Response(200, (("ETag", tag), ("Cache-Control", "public"), ("Content-Type", "text/css")), BODY)
    request = Request("GET", "/", headers={"if-none-match": condition.format(tag=tag)})
    assert conditional(request, answer) == Response(304, (("ETag", tag), ("Cache-Control", "public")))


def test_who_has_an_older_body_gets_the_new_one() -> None:
    answer = Response(200, (("ETag", etag_of(BODY)),), BODY)
    assert conditional(Request("GET", "/", headers={"if-none-match": '"old"'}), answer) is answer
    assert conditional(Request("GET", "/"), answer) is answer
