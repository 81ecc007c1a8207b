"""Input that nobody means well with, for every entrance of the server."""

from __future__ import annotations

MALFORMED_TARGETS = (
    "?%ff=%fe",
    "?a=%00",
    "?a=%c3%28",
    "?a=%",
    "?a=%zz",
    "?&&&===;;;",
    "?client_id=a&client_id=b",
    "?" + "a=b&" * 1500,
    "?scope=" + "x" * 7000,
    "?a=%ed%a0%80",
    "?a[]=1&a[b]=2&__proto__=1",
    "?%0d%0aX-Evil:%201",
)
"""Appended to a path."""

MALFORMED_BODIES = (
    b"\xff\xfe=\xfd",
    b"%ff=%fe&%00=%00",
    b"a=%c3%28",
    b"=&=&=",
    b"%",
    b"\x00" * 50,
    b"a=b&" * 5000,
    b'{"a": "b"}',
    b"<xml/>",
    b"client_id=a&client_id=b&grant_type=x&grant_type=y",
)
CONTENT_TYPES = (
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-16",
    "multipart/form-data; boundary=x",
    "application/json",
    "text/plain\x0b",
    ";;;",
)
MALFORMED_HEADERS = (
    "Authorization: Basic !!!",
    "Authorization: Basic " + "QQ" * 2000,
    "Authorization: Basic /w==",
    "Authorization: Bearer",
    "Authorization: Bearer " + "eyJ" * 500,
    "Authorization: Bearer e30.e30.e30",
    'Cookie: =; ;;=a; "=\\";',
    "Cookie: " + "a=b; " * 1000,
    "Accept-Language: " + "x-" * 500 + ";q=NaN, *;q=-1",
    "Accept: */*;q=zzz, ,,",
    "Accept-Encoding: gzip;q=abc, ;;",
    'If-None-Match: W/"", *, \xff',
    "Origin: null",
    "Origin: http://[::1",
    "X-Forwarded-For: ,,, 999.999.999.999",
    'Forwarded: for=;;;proto="',
    "X-Request-ID: <script>",
    "Sec-Fetch-Site: \xff",
    "User-Agent: " + "\xe4" * 300,
)
