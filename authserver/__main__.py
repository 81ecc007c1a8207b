"""`python -m authserver` is `authserver`."""

from authserver.cli import main

main()
