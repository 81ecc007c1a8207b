"""Proves the server with the OpenID Foundation conformance suite.

`plans` knows every plan and writes its configuration, `runner` drives a suite
that runs already and compares what comes of it with `expected`. The package is
no part of the product: it needs the standard library and a file that
`authserver conformance prepare` wrote.
"""
