"""Protocol endpoints: functions of a frozen request, one file each, without a web framework.

Errors become answers here and nowhere else: `machine_errors` renders RFC
bodies, `authorize` pages and redirects. What is not in the catalogue of errors
leaves as `server_error` at the edge.
"""
