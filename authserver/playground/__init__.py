"""A small relying party inside the server, where a newcomer sees in a minute that signing in works.

It is a stranger to the server: it has a client of its own, a cookie of its
own, and sends real requests to the endpoints through the handler that answers
everybody. `steps` does what any application does, `exchanges` keeps what was
sent and what came back, `inspection` checks the tokens as an application must,
`runs` keeps one attempt apart from another, sealed for one browser.

It shows secrets and tokens on purpose, so it is on in development, and
production refuses to start with it.
"""
