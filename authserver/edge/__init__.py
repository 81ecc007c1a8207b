"""The edge: one chain around everything that answers HTTP, without any web framework.

`adapter` turns what the server hands over into a frozen request and the
response back, `chain` joins the links, and each link has a file of its own:
`proxies`, `correlation`, `access_log`, `metrics`, `security_headers`, `faults`,
`size`, `host`, `cors`, `rate_limit`, `compression`. `headers` and
`protocol.limits` are the two tables; `routes` knows which path is what. A WSGI
application such as Flask joins through `wsgi_handler`.
"""
