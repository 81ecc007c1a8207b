"""The command line: `authserver …`.

`group` lists the commands and turns refusals into one line on standard error
(exit code 1, or 2 for wrong usage); each command is a module of the same name,
imported when it is called. `installation` opens what commands work on.
"""

from authserver.cli.group import main

__all__ = ["main"]
