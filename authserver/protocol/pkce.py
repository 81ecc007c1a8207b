"""Proof Key for Code Exchange (RFC 7636). S256 only: `plain` protects nothing that TLS does not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from authserver.protocol.policy import PKCERule

S256 = "S256"
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}\Z")
_CHALLENGE = re.compile(r"[A-Za-z0-9\-_]{43}\Z")


def is_required(rule: PKCERule, *, is_public: bool, is_pushed: bool = False) -> bool:
    """Whether a client under `rule` must send a challenge; `is_pushed` tells of a pushed request (RFC 9126)."""
    if rule == "pushed" and is_pushed:
        return True
    return rule == "required" or (rule != "optional" and is_public)


def is_challenge(text: str) -> bool:
    """Whether `text` can be an S256 challenge: 32 bytes in base64url without padding (RFC 7636 §4.2)."""
    return _CHALLENGE.match(text) is not None


def is_verifier(text: str) -> bool:
    """Whether `text` has the form of a verifier: 43 to 128 unreserved characters (RFC 7636 §4.1)."""
    return _VERIFIER.match(text) is not None


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def verify(verifier: str, challenge: str) -> bool:
    """Whether `verifier` is well-formed and answers `challenge` (RFC 7636 §4.6)."""
    return is_verifier(verifier) and hmac.compare_digest(challenge_of(verifier), challenge)
