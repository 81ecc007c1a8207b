"""One repository per aggregate: every query of the product, by name.

`find_` may return None, `get_` raises NotFound, `consume_` is one conditional
UPDATE that tells whether this caller was the one, `revoke_` counts.
"""
