"""How risky a request is, and how many of them are let in.

`rate_limits` is the one limiter for both adapters, `limit_storage` keeps its
moving windows in SQL where there is no Redis.
"""
