"""Secrets: making them, remembering them without keeping them, keeping them sealed.

`handles` makes opaque values and their lookup digests, `secrets` does the same
for client secrets, `passwords` hashes what people choose, `sealing` encrypts
what must be read again, `macs` authenticates what travels through a browser.
Each derives keys of its own from the installation's secrets (`derivation`), so
that a value made for one purpose is worth nothing for another. Signatures of
tokens are not here: see `signing` and `tokens.jose`.
"""
