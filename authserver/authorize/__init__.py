"""The authorization endpoint's decisions.

`pipeline` is the table of steps, `context` the notebook they write in,
`prompts` the reasons for which a person is interrupted, `dispatch` what comes
next, `response` the code and its delivery. Until client and redirect URI are
verified an error is a page; afterwards it is a redirect in the right response
mode, with `state` and `iss`.
"""
