"""Real servers for tests: started on free loopback ports in directories of their own, ended by their process id.

`process` starts and ends one, `install` gets what the machine lacks, the other
modules are one server each. `tests/conftest.py` offers them as fixtures.
"""
