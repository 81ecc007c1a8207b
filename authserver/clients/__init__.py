"""Relying parties: who they are, what they may do, and how they prove it.

`metadata` says what may be registered, `registration` registers it and hands
out secrets once, `policy` turns a profile and overrides into the rules of one
client. `directory` keeps immutable `Client` values in memory, at most a second
old, and `authentication` proves a client by exactly one method: the one that
was registered.
"""
