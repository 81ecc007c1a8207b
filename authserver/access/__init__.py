"""What may be asked for, and what a person has allowed.

`catalog` is the snapshot of resources and scopes, `scopes` and `resources`
decide what a request gets of them, `consents` remembers what a person allowed a
client. `registration` adds and removes resources and scopes; `roles` names those
that are there from the start.
"""
