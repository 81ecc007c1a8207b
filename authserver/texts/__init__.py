"""What the product says to people, in every language it knows, on pages and in mails.

`languages` reads the catalogues in `translations/`, `templates` makes the Jinja
environment of one language, and `labels` makes what others wrote fit to stand
among our words. None of these knows a request or a recipient.
"""
