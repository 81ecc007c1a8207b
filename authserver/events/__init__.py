"""What happened, told once and never lost.

`catalog` is the closed list of events. A state change records its event in the
same transaction (`outbox`); a token that has no row appends one line to a file
(`spool`). The `worker` takes both in: the one leased `audit_log` writer appends
to the hash chain and, in the same transaction, queues the event for every other
subscriber. Personal data is sealed at every station, in the end under a key per
person, so that erasing the key erases the person and leaves the chain whole.

`outbound` is the only HTTP client of the product.
"""
