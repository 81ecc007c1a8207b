"""Starts one server on one database, loads it case by case, and adds up what that cost."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.request import urlopen

from tests.performance import ground, processes
from tests.performance.cases import FLOOR, Case
from tests.performance.ground import Ground
from tests.performance.load import Measured, drive
from tests.servers import postgresql, redis
from tests.servers.authserver import PROGRAM, environment, is_ready, run
from tests.servers.process import ServerProcess, accepts, free_port

ROOT = Path(__file__).resolve().parents[2]
CORES = os.sched_getaffinity(0)
WARM_UP = 0.3
LOOKUP = re.compile(r'authserver_signature_lookups_total\{result="(\w+)"\} (\S+)')
PRODUCTION = {"AUTHSERVER_RATE_LIMITS": "off", "AUTHSERVER_WORKERS": "1"}
SPARED = ("AUTHSERVER_ARGON2_MEMORY_KIB", "AUTHSERVER_ARGON2_TIME_COST")


@dataclass
class Row:
    """What was found out about one case: CPU in milliseconds an operation, of the best round; latencies of all."""

    case: str
    operations: int = 0
    errors: int = 0
    cpu_ms: float = float("inf")
    database_cpu_ms: float = 0.0
    floor_ratio: float = 1.0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    p99_ms: float = 0.0
    wall_per_second: float = 0.0
    cache_hits: float = 0.0
    first_error: str = ""

    @property
    def per_core_second(self) -> float:
        """Operations that a core does in a second of its time."""
        return 1000 / self.cpu_ms if self.cpu_ms else 0.0


@dataclass
class Setting:
    """One server on one database, with what followed from the whole load on it."""

    server: str
    database: str
    rows: list[Row] = field(default_factory=list)
    pss_mb: list[float] = field(default_factory=list)
    events_missing: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Load:
    """How much of it: seconds for a round, rounds for a case, connections, and tokens that are shown once each."""

    seconds: float
    rounds: int
    connections: int
    tokens: int


@dataclass(frozen=True)
class Target:
    """What is loaded, and the processes whose time counts."""

    port: int
    server_pid: int
    database_pids: tuple[int, ...] = ()

    def cpu(self) -> tuple[float, float]:
        """Seconds that server and databases have used."""
        return processes.cpu_seconds([self.server_pid]), processes.cpu_seconds(self.database_pids)


class Meter:
    """Measures settings, each in a directory of its own."""

    def __init__(self, cases: Sequence[Case], load: Load, directory: Path, report: Callable[[Row], None]) -> None:
        self._cases = cases
        self._load = load
        self._directory = directory
        self._report = report

    def measure(self, server: str, database: str) -> Setting:
        """Start everything, load it case by case, and look at what is left."""
        setting = Setting(server, database)
        directory = self._directory / f"{server}-{database}"
        directory.mkdir(mode=0o755)
        floor = self._floor(server, directory)
        setting.rows.append(floor)
        with _storage(database) as (values, pids):
            port = free_port()
            environ = _environment(directory, port, values)
            run(environ, directory, "init")
            supply = ground.prepare(environ, people=self._load.connections, tokens=self._load.tokens)
            before = ground.events(environ)
            command = [PROGRAM, "serve", "--host", "127.0.0.1", "--port", str(port), "--server", server]
            with _started(command, directory, environ, ready=lambda: is_ready(port)) as process:
                target = Target(port, process.pid, pids)
                expected = self._cases_on(target, supply, setting, floor.cpu_ms)
                setting.pss_mb = [processes.pss_mb(pid) for pid in processes.family(process.pid)[1:]]
            after = ground.events(environ)
        setting.events_missing = {name: count - (after[name] - before[name]) for name, count in expected.items()}
        return setting

    def _cases_on(self, target: Target, supply: Ground, setting: Setting, floor: float) -> dict[str, int]:
        """Measure every case; how many events of each kind must have been recorded."""
        expected: dict[str, int] = {}
        for case in self._cases:
            row, done = self._case(case, target, supply)
            row.floor_ratio = row.cpu_ms / floor
            for name in case.events:
                expected[name] = expected.get(name, 0) + done
            setting.rows.append(row)
            self._report(row)
        return expected

    def _floor(self, server: str, directory: Path) -> Row:
        """An empty answer of the same server."""
        port = free_port()
        command = [sys.executable, "-m", "tests.performance.serve_empty", server, str(port), str(directory)]
        with _started(command, directory, dict(os.environ), ready=lambda: accepts(port), cwd=ROOT) as process:
            nobody = Ground(f"127.0.0.1:{port}", {}, [], [], "", "")
            row, _ = self._case(FLOOR, Target(port, process.pid), nobody)
        self._report(row)
        return row

    def _case(self, case: Case, target: Target, supply: Ground) -> tuple[Row, int]:
        """Warm up, then measure in rounds; the row, and all operations that succeeded, the warm-up's too."""
        supplies = _shares(case, supply, self._load.rounds + 1)
        warm = self._drive(case, target, supplies[0], WARM_UP)
        row, done, latencies = Row(case.name, first_error=warm.first_error), warm.operations - warm.errors, []
        looked_up = Lookups.of(target)
        seconds = 0.0
        for share in supplies[1:]:
            before = target.cpu()
            measured = self._drive(case, target, share, self._load.seconds)
            after = target.cpu()
            server, database = (
                (new - old) * 1000 / measured.operations for old, new in zip(before, after, strict=True)
            )
            if server + database < row.cpu_ms:
                row.cpu_ms, row.database_cpu_ms = server + database, database
            row.operations += measured.operations
            row.errors += measured.errors
            row.first_error = row.first_error or measured.first_error
            latencies += measured.latencies
            seconds += measured.seconds
        row.cache_hits = Lookups.of(target).share_since(looked_up)
        row.p50_ms, row.p95_ms, row.p99_ms = (percentile(latencies, share) * 1000 for share in (0.5, 0.95, 0.99))
        row.wall_per_second = row.operations / seconds
        return row, done + row.operations - row.errors

    def _drive(self, case: Case, target: Target, supply: Ground, seconds: float) -> Measured:
        count = self._load.connections
        return drive(
            target.port, lambda index: case.operations(supply, index, count), connections=count, seconds=seconds
        )


@dataclass(frozen=True)
class Lookups:
    """How often the server looked for a signature among those it had checked, and found it."""

    hits: float = 0.0
    misses: float = 0.0

    @classmethod
    def of(cls, target: Target) -> Lookups:
        """The counters as /metrics has them; nothing where there is no such page."""
        try:
            with urlopen(f"http://127.0.0.1:{target.port}/metrics", timeout=10) as answer:
                text = answer.read().decode()
        except OSError:
            return cls()
        found = {result: float(value) for result, value in LOOKUP.findall(text)}
        return cls(found.get("hit", 0.0), found.get("miss", 0.0))

    def share_since(self, earlier: Lookups) -> float:
        """The share of hits among the lookups since then."""
        hits, misses = self.hits - earlier.hits, self.misses - earlier.misses
        return hits / (hits + misses) if hits + misses else 0.0


def percentile(latencies: list[float], share: float) -> float:
    """The latency that this share of the operations stayed below."""
    ordered = sorted(latencies)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def _shares(case: Case, supply: Ground, parts: int) -> list[Ground]:
    """One supply for each round, so that no token is shown twice."""
    if not case.tokens:
        return [supply] * parts
    tokens: list[str] = getattr(supply, case.tokens)
    return [replace(supply, **{case.tokens: tokens[part::parts]}) for part in range(parts)]


@contextmanager
def _storage(database: str) -> Iterator[tuple[dict[str, str], tuple[int, ...]]]:
    """The settings that name the databases, and the processes whose time counts."""
    if database == "sqlite":
        yield {}, ()
        return
    with postgresql.running(durable=True) as cluster, redis.running() as memory, cluster.database() as url:
        values = {"AUTHSERVER_DATABASE_URL": url, "AUTHSERVER_REDIS_URL": memory.url}
        yield values, (cluster.process.pid, memory.process.pid)


def _environment(directory: Path, port: int, values: Mapping[str, str]) -> dict[str, str]:
    """Production's defaults, except for what needs TLS or would refuse the load."""
    given = environment(directory, port, values)
    return {name: value for name, value in given.items() if name not in SPARED} | PRODUCTION


@contextmanager
def _started(
    command: Sequence[str | Path],
    directory: Path,
    environ: Mapping[str, str],
    *,
    ready: Callable[[], bool],
    cwd: Path | None = None,
) -> Iterator[ServerProcess]:
    """A server on the first core, where this process is not."""
    pinned = ["taskset", "-c", str(min(CORES)), *command]
    with ServerProcess(pinned, directory / "server.log", ready=ready, environ=environ, cwd=cwd or directory) as process:
        yield process


def leave_first_core() -> None:
    """Let this process, and with it the databases it starts, run on the other cores."""
    if len(CORES) > 1:
        os.sched_setaffinity(0, CORES - {min(CORES)})
