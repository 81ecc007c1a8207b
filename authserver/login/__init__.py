"""The login engine: a set of proven facts, not a path of pages.

An interaction is bound to one browser and, from the first authenticating fact
on, to one subject. Pages prove facts; nobody but the authorization endpoint
asks whether they suffice. Skipping, replaying or reordering pages gains
nothing.
"""
