"""Values from a query string, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from starlette.requests import Request


def single(request: Request, name: str) -> str | None:
    """Return the value of the parameter `name`, None without it; raises HTTPException when it is given twice."""
    given = request.query_params.getlist(name)
    if len(given) > 1:
        raise HTTPException(400, f"{name} must be given once")
    return given[0] if given else None


def count(request: Request, name: str, default: int, most: int) -> int:
    """Return a whole number from 1 to `most`; raises HTTPException for anything else."""
    text = single(request, name)
    if text is None:
        return default
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    if not 1 <= number <= most:
        raise HTTPException(400, f"{name} must be a whole number from 1 to {most}")
    return number
