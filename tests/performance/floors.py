"""What nobody gets below: a bare signature of OpenSSL, a bare password hash."""

from __future__ import annotations

import time
from collections.abc import Callable

from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

MESSAGE = b"m" * 400


def bare() -> dict[str, float]:
    """CPU milliseconds of one signature and of one password hash with the product's defaults."""
    rsa_key = rsa.generate_private_key(65537, 2048)
    ec_key = ec.generate_private_key(ec.SECP256R1())
    hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
    return {
        "rsa2048": _cost(lambda: rsa_key.sign(MESSAGE, padding.PKCS1v15(), SHA256()), 300),
        "p256": _cost(lambda: ec_key.sign(MESSAGE, ec.ECDSA(SHA256())), 2000),
        "argon2id": _cost(lambda: hasher.hash("Correct-Horse-7-Battery"), 10),
    }


def _cost(work: Callable[[], object], times: int) -> float:
    work()
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        for _ in range(times):
            work()
        best = min(best, (time.process_time() - began) / times)
    return best * 1000
