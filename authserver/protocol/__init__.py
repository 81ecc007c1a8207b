"""The words of the specifications: pure values and functions, no I/O.

Everything else in the product imports from here and nothing here imports from
anything else. `messages` are the frozen requests and responses, `errors` the
closed catalogue of refusals, `policy` what one client may do, `validity` the
only clock.
"""
