"""Both HTTP servers treat requests, slow senders and signals alike."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.edge_application import LIMIT
from tests.integration.served import ROOT, Answer, Served, eventually, is_alive, read_answer, serving

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are watched through /proc")

FORM = "Content-Type: application/x-www-form-urlencoded"


@pytest.fixture(params=["granian", "gunicorn"], scope="module")
def server(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def shared(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for tests that leave it as it was."""
    with serving(server, tmp_path_factory.mktemp(server)) as served:
        yield served


# --- requests ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "doubled",
    [
        ("Host: example.com",),
        ("Authorization: Basic YTpi", "Authorization: Basic Yzpk"),
        ("DPoP: a", "DPoP: b"),
        ("Origin: https://a.example", "Origin: https://b.example"),
        ("Content-Length: 1", "Content-Length: 2"),
    ],
    ids=lambda headers: headers[0].partition(":")[0],
)
def test_a_header_that_may_come_once_is_refused_twice(shared: Served, doubled: tuple[str, ...]) -> None:
    assert shared.get("/show", *doubled).status == 400


def test_variables_of_the_process_do_not_become_headers(shared: Served) -> None:
    assert "x-from-environment" not in shared.get("/show").json["headers"]


def test_a_header_the_caller_sent_is_a_header_though_the_process_has_a_variable_of_that_name(shared: Served) -> None:
    assert shared.get("/show", "X-From-Environment: caller").json["headers"]["x-from-environment"] == "caller"


def test_a_chunked_body_arrives_whole(shared: Served) -> None:
    answer = shared.post(b"5\r\na=bcd\r\n6\r\nefghij\r\n0\r\n\r\n", "Transfer-Encoding: chunked", FORM)
    assert answer.json["bytes"] == 11


def test_a_chunked_body_is_capped_while_it_is_read(shared: Served) -> None:
    chunk = b"4000\r\n" + b"a" * 0x4000 + b"\r\n"
    answer = shared.post(chunk * 5 + b"0\r\n\r\n", "Transfer-Encoding: chunked", FORM)
    assert answer.status == 413
    assert str(LIMIT) in answer.json["error_description"]


def test_a_body_over_the_limit_is_refused_with_the_limit_named(shared: Served) -> None:
    answer = shared.post(b"a" * (LIMIT + 1), f"Content-Length: {LIMIT + 1}", FORM)
    assert answer.status == 413
    assert str(LIMIT) in answer.json["error_description"]


def test_a_body_at_the_limit_is_taken(shared: Served) -> None:
    answer = shared.post(b"a" * LIMIT, f"Content-Length: {LIMIT}", "Content-Type: text/plain")
    assert answer.json["bytes"] == LIMIT


@pytest.mark.parametrize("length", ["-1", "+1", "1x", "0x10"])
def test_a_malformed_length_is_refused(shared: Served, length: str) -> None:
    assert shared.post(b"", f"Content-Length: {length}").status == 400


def test_a_long_url_is_refused(shared: Served) -> None:
    assert shared.get("/show?" + "a" * 8100).status == 414


def test_a_long_header_is_refused(shared: Served) -> None:
    assert shared.get("/show", "X-Long: " + "a" * 9000).status == 431


@pytest.mark.parametrize("path", ["/%ff", "/%00", "/show?a=%ff", "/show?%ff=a", "/%0d%0aset-cookie:a"])
def test_malformed_encodings_are_the_callers_fault(shared: Served, path: str) -> None:
    assert shared.get(path).status == 400


def test_head_is_get_without_the_body(shared: Served) -> None:
    answer = shared.raw(f"HEAD /show HTTP/1.1\r\nHost: 127.0.0.1:{shared.port}\r\nConnection: close\r\n\r\n".encode())
    assert answer.status == 200
    assert answer.body == b""
    assert int(answer.headers["content-length"]) > 0


def test_refusals_carry_the_headers_of_every_answer(shared: Served) -> None:
    answer = shared.get("/show", "DPoP: a", "DPoP: b")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-request-id"]


# --- slow senders -----------------------------------------------------------------------------


@contextlib.contextmanager
def _begun_bodies(served: Served, count: int) -> Iterator[list[socket.socket]]:
    """Connections whose request stops in the middle of its body."""
    head = f"POST /show HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nContent-Length: 10\r\n\r\nab".encode()
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(served.connect()) for _ in range(count)]
        for connection in connections:
            connection.sendall(head)
        yield connections


def test_slow_bodies_do_not_block_others(shared: Served) -> None:
    with _begun_bodies(shared, shared.threads - 2):
        assert shared.get("/show").status == 200


def test_a_body_that_does_not_come_is_answered_408_and_its_thread_is_free_again(shared: Served) -> None:
    with _begun_bodies(shared, shared.threads) as connections:
        assert [read_answer(connection).status for connection in connections] == [408] * shared.threads
        assert shared.get("/show").status == 200


# --- signals ----------------------------------------------------------------------------------


def _slow_request(served: Served, begun: Path, seconds: float, answers: list[Answer]) -> threading.Thread:
    """Ask for something slow in a thread; returns when the server has begun with it."""
    thread = threading.Thread(target=lambda: answers.append(served.get(f"/slow?seconds={seconds}&begun={begun}")))
    thread.start()
    eventually(begun.exists, "the slow request did not begin")
    return thread


def _request_until(served: Served, directory: Path, answers: list[Answer]) -> threading.Thread:
    """As `_slow_request`, answered when the file `done` is there."""
    begun, done = directory / "begun", directory / "done"
    thread = threading.Thread(target=lambda: answers.append(served.get(f"/slow?begun={begun}&until={done}")))
    thread.start()
    eventually(begun.exists, "the slow request did not begin")
    return thread


def test_sigterm_answers_what_is_under_way_and_takes_nothing_new(server: str, tmp_path: Path) -> None:
    with serving(server, tmp_path, background=str(tmp_path / "background")) as served:
        answers: list[Answer] = []
        thread = _slow_request(served, tmp_path / "begun", 1.5, answers)
        assert served.stop() == 0
        thread.join(10)
        assert [answer.status for answer in answers] == [200]
        assert (tmp_path / "background").read_text() == "ended"
        with pytest.raises(OSError, match="refused"):
            served.connect()


def test_ctrl_c_which_reaches_every_process_answers_what_is_under_way(server: str, tmp_path: Path) -> None:
    with serving(server, tmp_path, background=str(tmp_path / "background")) as served:
        answers: list[Answer] = []
        thread = _slow_request(served, tmp_path / "begun", 1.5, answers)
        for pid in (*served.worker_pids(), served.pid):
            os.kill(pid, signal.SIGINT)
        assert served.stop() == 0, served.log()
        thread.join(10)
        assert [answer.status for answer in answers] == [200]
        assert (tmp_path / "background").read_text() == "ended"
        assert "refused to gracefully stop" not in served.log()
        assert "started again" not in served.log()


def test_a_stalled_body_does_not_outlive_sigterm(server: str, tmp_path: Path) -> None:
    with serving(server, tmp_path) as served, _begun_bodies(served, 2):
        assert served.stop() == 0


def test_a_killed_worker_is_replaced(server: str, tmp_path: Path) -> None:
    with serving(server, tmp_path, workers=2) as served:
        for _ in range(3):
            victim = served.get("/show").json["pid"]
            os.kill(victim, signal.SIGKILL)
            eventually(lambda gone=victim: not is_alive(gone), "the worker is still there")  # type: ignore[misc]
            assert served.get("/show").status == 200
        assert is_alive(served.pid)


def test_a_killed_main_process_takes_its_workers_along(server: str, tmp_path: Path) -> None:
    with serving(server, tmp_path, workers=2, background=str(tmp_path / "background")) as served:
        children = {*served.worker_pids(), int((tmp_path / "background").read_text())}
        os.kill(served.pid, signal.SIGKILL)
        assert served.process is not None
        served.process.wait(10)
        eventually(lambda: not any(map(is_alive, children)), "workers outlived their parent")
        served.start()
        assert served.get("/show").json["pid"] not in children


def test_a_new_start_right_after_a_killed_main_process_works(server: str, tmp_path: Path) -> None:
    with serving(server, tmp_path) as served:
        os.kill(served.pid, signal.SIGKILL)
        assert served.process is not None
        served.process.wait(10)
        served.start()
        assert served.get("/show").status == 200


def test_a_second_start_on_the_same_instance_and_port_says_so(server: str, tmp_path: Path) -> None:
    with serving(server, tmp_path) as served:
        command = [sys.executable, "-m", "tests.integration.serve_edge", server, str(served.port), str(tmp_path)]
        second = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=30, check=False)
        assert second.returncode != 0
        assert f"process {served.pid} already serves" in second.stderr.decode()
        assert served.get("/show").status == 200


def test_reload_replaces_the_workers_without_losing_an_answer(server: str, tmp_path: Path) -> None:
    with serving(server, tmp_path) as served:
        before = served.get("/show").json["pid"]
        answers: list[Answer] = []
        thread = _request_until(served, tmp_path, answers)
        os.kill(served.pid, signal.SIGHUP)
        failures: list[int] = []

        def is_stopping() -> bool:
            shown = [served.get("/show") for _ in range(20)]
            failures.extend(answer.status for answer in shown if answer.status != 200)
            return all(answer.status == 200 and answer.json["pid"] != before for answer in shown)

        # Only now is the answer given: a server that ends its old workers at once has lost it.
        eventually(is_stopping, "the old worker still takes requests")
        (tmp_path / "done").touch()
        thread.join(30)
        assert [(answer.status, answer.json["pid"]) for answer in answers] == [(200, before)]
        assert failures == []
        eventually(lambda: not is_alive(before), "the worker was not replaced")


@contextlib.contextmanager
def _taken_connections(served: Served, count: int) -> Iterator[list[socket.socket]]:
    """Connections that a worker has taken and on which no request has come."""
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(served.connect()) for _ in range(count)]
        # A worker takes them in their order.
        assert served.get("/show").status == 200
        yield connections


def _ask_on(connection: socket.socket) -> Answer:
    """The answer to a request that comes only now."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(b"GET /show HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    return read_answer(connection)


def _is_refused(served: Served) -> bool:
    try:
        served.connect().close()
    except ConnectionRefusedError:
        return True
    return False


def test_sigterm_answers_requests_on_connections_that_were_taken_before(server: str, tmp_path: Path) -> None:
    with serving(server, tmp_path, linger=5) as served, _taken_connections(served, 5) as connections:
        served.terminate()
        eventually(lambda: _is_refused(served), "connections are still taken")
        assert [_ask_on(connection).status for connection in connections] == [200] * 5
        assert served.stop() == 0


def _status(pid: int) -> dict[str, str]:
    """What the system says of a process."""
    return dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())


def _is_pending(pid: int, signum: signal.Signals) -> bool:
    """Whether a process has a signal before it that it did not hear yet."""
    return bool(int(_status(pid)["ShdPnd"], 16) >> (signum - 1) & 1)


def test_gunicorn_answers_requests_on_connections_that_nobody_has_taken_at_the_end(tmp_path: Path) -> None:
    with serving("gunicorn", tmp_path) as served, contextlib.ExitStack() as stack:
        (worker,) = served.worker_pids()
        os.kill(worker, signal.SIGSTOP)
        eventually(lambda: _status(worker)["State"].startswith("T"), "the worker goes on")
        connections = [stack.enter_context(served.connect()) for _ in range(5)]
        for connection in connections:
            connection.sendall(b"GET /show HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        served.terminate()
        eventually(lambda: _is_pending(worker, signal.SIGTERM), "the worker was not told to end")
        os.kill(worker, signal.SIGCONT)
        assert [read_answer(connection).status for connection in connections] == [200] * 5


def test_reload_answers_requests_on_connections_that_were_taken_before(server: str, tmp_path: Path) -> None:
    with serving(server, tmp_path, linger=5) as served, _taken_connections(served, 5) as connections:
        before = served.get("/show").json["pid"]
        os.kill(served.pid, signal.SIGHUP)
        eventually(lambda: before not in served.worker_pids(), "the old worker still takes connections")
        assert [_ask_on(connection).status for connection in connections] == [200] * 5


def test_a_connection_that_is_kept_alive_ends_with_an_answer_that_says_so(server: str, tmp_path: Path) -> None:
    with serving(server, tmp_path, linger=30) as served, _taken_connections(served, 1) as (connection,):
        assert _ask_on(connection).status == 200
        served.terminate()

        def is_last() -> bool:
            answer = _ask_on(connection)
            assert answer.status == 200
            return answer.headers.get("connection") == "close"

        eventually(is_last, "the connection goes on")
        served.kill()


def test_the_number_of_metric_files_stays_bounded_however_often_workers_are_replaced(
    server: str, tmp_path: Path
) -> None:
    with serving(server, tmp_path) as served:
        for _ in range(5):
            victim = served.get("/show").json["pid"]
            os.kill(victim, signal.SIGKILL)
            eventually(lambda gone=victim: not is_alive(gone), "the worker is still there")  # type: ignore[misc]
            assert served.get("/show").status == 200
        assert len(list((tmp_path / "metrics").iterdir())) <= 2
