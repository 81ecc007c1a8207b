"""The border between HTTP pages and the rules: parse, render, errors, cookies, CSRF.

`page_values` says what each page needs, `pages` renders it, `locales` chooses
the language, `assets` names and serves the static files. None of these knows
a web framework; the Flask glue beside them only carries their answers.
"""
