"""The one form of an answer: JSON that may be printed to any terminal, and errors as `{"error": "one sentence"}`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.types import ExceptionHandler


_SENTENCES: Final[Mapping[int, str]] = {
    404: "there is nothing at this path",
    405: "this cannot be done here; Allow says what can",
}
"""What the router says in a word."""


class Json(Response):
    """ASCII and a line break at the end: `curl` shows it as it is, and no control character survives."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return `content` as bytes; raises ValueError for what JSON does not know."""
        return json.dumps(content, allow_nan=False).encode() + b"\n"


def error(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Json:
    """Return an error."""
    return Json({"error": sentence}, status, headers)


async def _http_error(_request: Request, problem: Exception) -> Response:
    if not isinstance(problem, HTTPException):
        return error(500, "internal error; the engine's log says more")
    return error(problem.status_code, _SENTENCES.get(problem.status_code, problem.detail), problem.headers)


ERROR_HANDLERS: Final[Mapping[Any, ExceptionHandler]] = {HTTPException: _http_error, Exception: _http_error}
"""For an application: what its routes raise becomes an error in this form."""
