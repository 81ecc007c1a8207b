"""Which tokens exist and live.

`mint` is the only place that makes tokens, `liveness` the only one that says
whether what stands behind a token is still good, `introspection` and
`revocation` answer clients about it. What tokens are is told in `tokens`.
"""
