"""Requests that another site posted: kept for a minute and continued by GET.

Browsers leave `Lax` cookies out of a POST from another site, so such a request
looks as if nobody were signed in. It is kept, bound to a cookie, and the browser
comes back for it by a GET of our own, with its cookies.
"""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

import orjson

from authserver.crypto.handles import Kind
from authserver.protocol.errors import UntrustedRequest
from authserver.protocol.messages import Parameters, Request, Response, redirect
from authserver.services import Services
from authserver.web.cookies import Cookies

KEPT_SECONDS = 60
PARAMETER = "kept"
PURPOSE = "posted-request"


class PostedRequests:
    """Keeps posted requests. Callers verify the client before, so that strangers cannot fill the store."""

    def __init__(self, services: Services, cookies: Cookies) -> None:
        self._services = services
        self._cookies = cookies
        parts = urlsplit(services.settings.issuer)
        self._origin = f"{parts.scheme}://{parts.netloc}"

    def is_from_elsewhere(self, request: Request) -> bool:
        """Whether another site posted this; browsers that do not say so say at least where it came from."""
        if request.method != "POST":
            return False
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site == "cross-site"
        return request.headers.get("origin") not in {None, self._origin}

    def keep(self, parameters: Parameters, path: str) -> Response:
        """Keep the request and send the browser to `path` to continue it."""
        handle = self._services.handles.issue(Kind.POSTED_REQUEST)
        self._services.ephemeral.put(_key(handle.digest), orjson.dumps(parameters.pairs), KEPT_SECONDS)
        binding = self._services.macs.sign(PURPOSE, path, handle.value)
        location = f"{path}?{urlencode({PARAMETER: handle.value})}"
        return redirect(location, self._cookies.set_posted(binding, KEPT_SECONDS))

    def parameters(self, request: Request, path: str) -> Parameters:
        """The parameters of a request: its form, the kept ones that its query names, or its query.

        Raises:
            UntrustedRequest: they cannot be read, or what was kept is over or another browser's.
        """
        try:
            if request.method == "POST":
                return request.form
            value = request.query.get(PARAMETER)
            return request.query if value is None else self._kept(request, path, value)
        except ValueError as error:
            raise UntrustedRequest("The parameters cannot be read.", reason="parameters_malformed") from error

    def _kept(self, request: Request, path: str, value: str) -> Parameters:
        services, binding = self._services, self._cookies.posted(request)
        digest = services.handles.digest(Kind.POSTED_REQUEST, value)
        if binding is None or digest is None or not services.macs.verify(PURPOSE, binding, path, value):
            raise UntrustedRequest("This request was begun in another browser.", reason="posted_request_unbound")
        stored = services.ephemeral.find(_key(digest))
        if stored is None:
            raise UntrustedRequest("This request took too long. Start again.", reason="posted_request_expired")
        return Parameters([(name, text) for name, text in orjson.loads(stored)])


def _key(digest: bytes) -> str:
    return f"posted:{digest.hex()}"
