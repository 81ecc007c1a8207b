"""`make run` as the README gives it: in a fresh clone, in a clean environment, with nothing set up before."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import orjson
import pytest

from tests.servers.process import free_port, wait_until

ROOT = Path(__file__).parents[2]
PASSED_ON = ("HOME", "LANG", "PATH", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
PREFIXES = ("PIP_", "SSL_")
"""How packages are found is a matter of the machine."""
PATIENCE = 240.0
CURL = re.compile(r"^  (curl .+)$", re.MULTILINE)

pytestmark = pytest.mark.timeout(900)


class Run:
    """One `make run`: a process group, as a terminal has, and what it printed."""

    def __init__(self, directory: Path, port: int, log: Path) -> None:
        environ = {name: value for name, value in os.environ.items() if name in PASSED_ON or name.startswith(PREFIXES)}
        self.port, self._log = port, log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                ["make", "run"],
                cwd=directory,
                env=environ | {"PORT": str(port)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def printed(self) -> str:
        """Everything up to now."""
        return self._log.read_text()

    def is_ready(self) -> bool:
        """Whether it answers; fails when it has ended instead."""
        assert self.process.poll() is None, self.printed
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=5) as answer:
                return int(answer.status) == 200
        except OSError:
            return False

    def press_ctrl_c(self) -> None:
        """As a terminal does: to every process of the group."""
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(60)
        wait_until(lambda: not self.members(), 30, "the end of every process")

    def members(self) -> list[int]:
        """The processes that are left of the group."""
        found = []
        for entry in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = entry.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z" and int(fields[2]) == self.process.pid:
                found.append(int(entry.parent.name))
        return found


@contextmanager
def running(directory: Path, port: int, log: Path) -> Iterator[Run]:
    """`make run` until it is ready; nothing of it is left at the end, whatever happens."""
    run = Run(directory, port, log)
    try:
        wait_until(run.is_ready, PATIENCE, "readiness")
        yield run
    finally:
        for pid in run.members():
            os.kill(pid, signal.SIGKILL)
        run.process.wait(10)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a stranger gets: the files of the repository and nothing that was built from them."""
    for program in ("git", "make", "curl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    target = tmp_path_factory.mktemp("fresh") / "authserver"
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        source = ROOT / name
        if source.exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    return target


def said(line: str) -> dict[str, Any]:
    """What a printed command answers."""
    answer = subprocess.run(["bash", "-c", line], check=True, capture_output=True, timeout=60)
    document: dict[str, Any] = orjson.loads(answer.stdout)
    return document


def test_two_starts_of_a_fresh_clone(clone: Path, tmp_path: Path) -> None:
    port = free_port()
    with running(clone, port, tmp_path / "first.log") as first:
        commands = CURL.findall(first.printed)
        token, introspection = [said(line) for line in commands]
        secret = re.findall(r"its secret +(\S+)", first.printed)[0]
        assert token["token_type"] == "Bearer"
        assert (introspection["active"], introspection["iss"]) == (True, f"http://127.0.0.1:{port}")
        first.press_ctrl_c()
        assert "refused to gracefully stop" not in first.printed
        assert "Traceback" not in first.printed
    with running(clone, port, tmp_path / "second.log") as second:
        assert secret not in second.printed
        assert "clients rotate-secret demo" in second.printed
        assert [said(line).get("active", True) for line in commands] == [True, True]
        second.press_ctrl_c()
