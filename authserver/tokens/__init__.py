"""What tokens are: their claims, their bytes, and how both are checked.

`jose` signs and verifies JSON Web Tokens, `encryption` encrypts and decrypts
them, `foreign` reads those of others, `access_tokens` and `id_tokens` build
claims, `verification` is the one answer to "what does this token say?".
Nothing here knows a database: whether a token, its grant, session, user and
client still live is asked in `issuing`.
"""
