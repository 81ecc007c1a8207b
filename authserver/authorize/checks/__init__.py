"""The steps of the table in `pipeline`, grouped by what they look at.

A step does one thing: it loads something into the context, checks it, assigns
a default or rejects the request. It raises a refusal or returns nothing.
"""
