"""Scripts of `node/`: clients that nobody here wrote, told what to do and telling what they saw."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.integration.person import Person
from tests.servers import npm

Steps = dict[str, dict[str, Any]]


@dataclass
class Script:
    """A running script: its steps as it tells them."""

    process: subprocess.Popen[str]
    steps: Steps = field(default_factory=dict)

    def read_until(self, wanted: str) -> dict[str, Any]:
        """Read steps up to this one."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            step = json.loads(line)
            self.steps[step.pop("step")] = step
            if wanted in self.steps:
                return self.steps[wanted]
        assert self.process.stderr is not None
        raise AssertionError(f"no step {wanted} after {list(self.steps)}: {self.process.stderr.read()[-3000:]}")

    def tell(self, line: str) -> None:
        """Write a line to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()


@contextmanager
def script(name: str, configuration: dict[str, Any]) -> Iterator[Script]:
    """Run a script; it must end well once the block has read its last step."""
    command = ["node", name, json.dumps(configuration)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=npm.DIRECTORY, text=True, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        try:
            yield Script(process)
            assert process.wait(20) == 0
        finally:
            process.kill()


def walk(name: str, person: Person, configuration: dict[str, Any], last: str) -> Steps:
    """Run a script, with `person` for a browser, to its last step; every step it told."""
    with script(name, configuration) as running:
        running.tell(person.sign_in(running.read_until("open")["url"]))
        running.read_until(last)
    return running.steps
