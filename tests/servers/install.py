"""Installs what tests run against: Debian packages where the machine lacks them and we are root, packages of npm."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.servers import npm, postgresql


def _command(name: str) -> Callable[[], bool]:
    return lambda: shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None


def _file(path: str) -> Callable[[], bool]:
    return lambda: Path(path).exists()


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that tests use: how to see that it is here, and the packages that bring it."""

    packages: tuple[str, ...]
    is_here: Callable[[], bool]


NEEDS = (
    Need(("postgresql",), lambda: postgresql.missing() is None),
    Need(("redis-server",), _command("redis-server")),
    Need(("chromium",), _command("chromium")),
    Need(("fonts-dejavu-core",), _file("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")),
    Need(("apache2",), _command("apache2")),
    Need(("libapache2-mod-auth-openidc",), _file("/usr/lib/apache2/modules/mod_auth_openidc.so")),
    Need(("nodejs",), _command("node")),
    Need(("npm",), _command("npm")),
    Need(("curl",), _command("curl")),
    Need(("git",), _command("git")),
)


def missing_packages() -> list[str]:
    """Return the packages that would have to be installed."""
    return [package for need in NEEDS if not need.is_here() for package in need.packages]


def install(packages: list[str]) -> None:
    """Install Debian packages without a question asked.

    Raises:
        subprocess.CalledProcessError: apt-get failed; its own words are on standard error.
    """
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    options = ["-y", "-qq", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"]
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", *options, *packages]):
        subprocess.run(command, check=True, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def main() -> int:
    """Install what is missing. Where that cannot be, say what is missing: tests then skip with their reason."""
    packages = missing_packages()
    if packages and (os.geteuid() != 0 or not shutil.which("apt-get")):
        print(f"Some tests will be skipped: this machine lacks {', '.join(packages)}.", file=sys.stderr)
        print(f"  With root: apt-get install {' '.join(packages)}", file=sys.stderr)
    elif packages:
        print(f"Installing {', '.join(packages)} ...", flush=True)
        install(packages)
    if reason := npm.missing():
        print(f"Some tests will be skipped: {reason}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
