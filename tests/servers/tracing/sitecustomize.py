"""Lets coverage see what granian runs: its threads are made outside Python and miss the tracer of `threading`.

On `PYTHONPATH` of the servers that tests start, and only while coverage is measured.
"""

import sys
import threading
from collections.abc import Callable
from typing import Any

import granian.server.mp

_wrap = granian.server.mp._wsgi_call_wrap


def _traced_wrapper(*wrapper_arguments: Any, **options: Any) -> Callable[..., Any]:
    handler = _wrap(*wrapper_arguments, **options)

    def run(*arguments: Any) -> Any:
        if sys.gettrace() is None:
            sys.settrace(threading.gettrace())
        return handler(*arguments)

    return run


granian.server.mp._wsgi_call_wrap = _traced_wrapper
