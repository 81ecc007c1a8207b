"""The token endpoint: Authlib's frame, our phases, one file per grant.

`server` owns what every grant shares, in order: authenticate the client by
exactly one method, find the grant and check that this client may use it,
redeem, mint, record. A grant fills the gap and cannot forget a shared step.
"""
