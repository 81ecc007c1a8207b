"""Large blocks go back to the system."""

from __future__ import annotations

import subprocess
import sys

# In a process of its own, because what the C library is told lasts.
LARGE_BLOCKS = """
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from argon2.low_level import Type, hash_secret
from authserver.ops import memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4

def work(number):
    hash_secret(b"p", b"saltsalt", 1, 19456, 1, 16, Type.ID)


memory.give_back()
work(0)
before = resident()
with ThreadPoolExecutor(8) as pool:
    list(pool.map(work, range(24)))
    print(resident() - before)
"""


def test_password_hashes_leave_no_memory_behind() -> None:
    done = subprocess.run([sys.executable, "-c", LARGE_BLOCKS], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 10_000
