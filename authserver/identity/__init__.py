"""Who somebody is: accounts, profiles, passwords, browsers and sessions.

`authentication` answers whose a login and password are, behind `lockout`, which
counts failures for every door; `users` makes, changes and closes accounts and
ends what hangs on them; `profiles` holds the standard claims and releases them
by scope and request. `addresses` are the names by which people are found.
"""
