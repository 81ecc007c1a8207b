"""What is run: every plan with its variants, and the configuration that the suite wants for each.

`catalog` lists the runs, `browser` says what the suite's browser does on our
pages, `configuration` puts both together with the clients that
`authserver conformance prepare` registered.
"""
