"""Bodies: their length, their limit, their time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from authserver.edge import body
from authserver.edge.body import BodyReader, _Reading
from authserver.edge.refusals import Refusal
from authserver.edge.stalled_connections import Stalled

Environ = Callable[..., dict[str, Any]]


@pytest.fixture
def reader() -> BodyReader:
    return BodyReader(10, 5, 8)


def test_a_body_at_the_limit_is_read(reader: BodyReader, environ: Environ) -> None:
    assert reader.read(environ(b"a" * 10)) == b"a" * 10


def test_a_body_over_the_limit_is_refused_without_reading_it(reader: BodyReader, environ: Environ) -> None:
    request = environ(b"a" * 11)
    with pytest.raises(Refusal, match="10 bytes") as caught:
        reader.read(request)
    assert caught.value.status == 413
    assert request["wsgi.input"].tell() == 0


def test_a_chunked_body_is_capped_while_reading(reader: BodyReader, environ: Environ) -> None:
    request = environ(b"a" * 1000, HTTP_TRANSFER_ENCODING="chunked", CONTENT_LENGTH="")
    with pytest.raises(Refusal) as caught:
        reader.read(request)
    assert caught.value.status == 413
    assert request["wsgi.input"].tell() == 11


@pytest.mark.parametrize("length", ["-1", "+1", "1 ", "1.0", "٣", "1,1", "9" * 30])
def test_a_malformed_length_is_refused(reader: BodyReader, environ: Environ, length: str) -> None:
    with pytest.raises(Refusal):
        reader.read(environ(b"abc", CONTENT_LENGTH=length))


def test_a_body_shorter_than_it_says_is_refused(reader: BodyReader, environ: Environ) -> None:
    with pytest.raises(Refusal) as caught:
        reader.read(environ(b"abc", CONTENT_LENGTH="5"))
    assert caught.value.status == 400


@pytest.mark.parametrize("coding", ["gzip, chunked", "identity", "chunked, chunked"])
def test_another_transfer_coding_is_refused(reader: BodyReader, environ: Environ, coding: str) -> None:
    with pytest.raises(Refusal):
        reader.read(environ(b"abc", HTTP_TRANSFER_ENCODING=coding, CONTENT_LENGTH=""))


def test_chunked_with_a_length_is_refused(reader: BodyReader, environ: Environ) -> None:
    with pytest.raises(Refusal):
        reader.read(environ(b"abc", HTTP_TRANSFER_ENCODING="chunked"))


def test_a_server_that_gives_a_body_in_pieces_is_asked_until_the_end(reader: BodyReader, environ: Environ) -> None:
    pieces = [b"ab", b"c", b"de"]

    class Pieces:
        def read(self, size: int) -> bytes:
            return pieces.pop(0) if pieces else b""

    assert reader.read(environ(CONTENT_LENGTH="5", **{"wsgi.input": Pieces()})) == b"abcde"


def test_a_read_whose_time_is_up_ends_with_408(reader: BodyReader, environ: Environ) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("rb") as stream:
        theirs.sendall(b"ab")
        caught: list[Refusal] = []

        def read() -> None:
            try:
                reader.read(environ(CONTENT_LENGTH="5", **{"wsgi.input": stream, "gunicorn.socket": ours}))
            except Refusal as refusal:
                caught.append(refusal)

        thread = threading.Thread(target=read)
        thread.start()
        while not reader._readings:
            pass
        moment = next(iter(reader._readings.values())).since
        assert reader.expire(moment + 4.9) == 0
        assert reader.expire(moment + 5.1) == 1
        thread.join(10)
    assert [refusal.status for refusal in caught] == [408]


def test_patience_shrinks_when_half_of_the_threads_wait(reader: BodyReader) -> None:
    reader._readings.update({number: _Reading(0.0, "192.0.2.1", socket.socket()) for number in range(4)})
    try:
        assert reader.expire(2.5) == 4
    finally:
        for reading in reader._readings.values():
            reading.socket.close()
        reader._readings.clear()


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> list[Stalled]:
    """What would be cut off."""
    seen: list[Stalled] = []
    monkeypatch.setattr(body, "shut_down", seen.append)
    return seen


@pytest.mark.parametrize("length", ["5", ""], ids=["length", "chunked"])
def test_a_body_cut_off_with_a_late_one_of_its_sender_ends_with_408_too(
    reader: BodyReader, environ: Environ, cut: list[Stalled], length: str
) -> None:
    class CutOff:
        def read(self, size: int) -> bytes:
            began = reader._readings[threading.get_ident()].since
            reader._readings[0] = _Reading(began - 4, "192.0.2.7", None)
            assert reader.expire(began + 2) == 1
            return b""

    coding = {} if length else {"HTTP_TRANSFER_ENCODING": "chunked"}
    request = environ(CONTENT_LENGTH=length, REMOTE_ADDR="192.0.2.7", **coding, **{"wsgi.input": CutOff()})
    with pytest.raises(Refusal) as caught:
        reader.read(request)
    assert caught.value.status == 408


def test_a_read_that_was_cut_off_has_time_to_be_answered(reader: BodyReader, cut: list[Stalled]) -> None:
    reader._readings[1] = _Reading(0.0, "192.0.2.1", None)
    for moment in (5.1, 5.4, 7.0, 7.2):
        reader.expire(moment)
    assert [connection.again for connection in cut] == [False, False, False, True]


def test_of_a_sender_as_many_connections_are_cut_off_as_are_late(reader: BodyReader, cut: list[Stalled]) -> None:
    senders = ["192.0.2.1", "192.0.2.2", "192.0.2.1"]
    reader._readings.update({number: _Reading(number / 10, sender, None) for number, sender in enumerate(senders)})
    reader._readings[9] = _Reading(4.0, "192.0.2.1", None)
    assert reader.expire(5.5) == 3
    assert {connection.address: connection.count for connection in cut} == {"192.0.2.1": 2, "192.0.2.2": 1}


def test_the_watch_ends_with_its_reader(environ: Environ) -> None:
    reader = BodyReader(10, 5, 8)
    reader.read(environ(b"0123456789"))
    watch = reader._watch
    assert watch is not None
    del reader
    watch.join(10)
    assert not watch.is_alive()


def test_the_watch_goes_on_when_looking_failed(
    reader: BodyReader, environ: Environ, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, twice = [OSError(24, "Too many open files")], threading.Event()

    def expire(_moment: float) -> int:
        if looks:
            raise looks.pop()
        twice.set()
        return 0

    monkeypatch.setattr(body, "WATCH_INTERVAL", 0.01)
    monkeypatch.setattr(reader, "expire", expire)
    reader._readings[0] = _Reading(0.0, "192.0.2.1", None)
    reader.read(environ(b"0123456789"))
    assert twice.wait(10)
