"""Mail to people: a subscriber of events whose letters go out through the operator's mail server.

An event of the outbox that somebody should hear of has an author, which looks at
the state first and writes a letter or none. `queue` takes events from the outbox
and decides whether a letter goes, `letters` puts it into words, `message` makes
the mail of it, and `server` hands it over. What fails comes again with pauses
that grow; what the mail server refuses for good is given up.
"""

from typing import Final

QUEUE: Final = "mail"
"""Names the deliveries of mail in the outbox."""
