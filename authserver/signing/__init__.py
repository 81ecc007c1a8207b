"""Signing keys: made, imported, published, activated, retired; one active key for each algorithm.

`keys` holds the values a signature needs, `keyring` the snapshot of them that a
process keeps in memory, `jwk_set` the published document, `rotation` the moves
from next over active to retired, `importing` keys that operators bring. Private
halves lie sealed in the database, so all instances share one key set and tokens
survive restarts. Signing itself is in `tokens.jose`.
"""
