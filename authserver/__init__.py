"""An OAuth 2 and OpenID Connect authorization server and identity provider.

The packages read from the bottom up: `protocol` holds the words of the
specifications, `storage` keeps what must survive, `authorize` and `grants`
decide, `endpoints` and the page packages answer, `app` puts them together.
"""
