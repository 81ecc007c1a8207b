"""The pages between two visits to the authorization endpoint.

Each proves one fact and sends the browser back there; none knows what comes
before or after it, and none calls another.
"""
