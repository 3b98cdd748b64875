"""What an answer on the control socket means that is not the wanted one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

from hotswap_tui.api import wire
from hotswap_tui.api.errors import EngineFailedError, NotAllowedError
from hotswap_tui.core.errors import RefusedError, StaleRequestError
from hotswap_tui.core.text import clean

if TYPE_CHECKING:
    from pathlib import Path

    from hotswap_tui.api.exchange import Answer

_OK: Final = 200
_LONGEST_SENTENCE: Final = 600


async def expect_ok(path: Path, answer: Answer) -> None:
    """Return when the answer is the wanted one; raise what it says otherwise."""
    if answer.status != _OK:
        _refuse(answer.status, _content(await answer.body()), path)


async def content(path: Path, answer: Answer) -> dict[str, Any]:
    """Return what a wanted answer holds; raise what another says, WireError for one that cannot be understood."""
    await expect_ok(path, answer)
    try:
        return wire.check_stamp(_content(await answer.body()))
    except wire.MalformedError as error:
        raise wire.other_version("") from error


def _content(body: bytes) -> dict[str, Any]:
    try:
        plain = wire.loads(body)
    except wire.MalformedError:
        return {}
    return plain if isinstance(plain, dict) else {}


def _refuse(status: int, plain: dict[str, Any], path: Path) -> NoReturn:
    text = clean(str(plain.get("error", "")), _LONGEST_SENTENCE)
    match status:
        case 403:
            raise NotAllowedError(text or f"{path}: not allowed")
        case 409 if "status" in plain:
            raise StaleRequestError(text)
        case 400 | 409 | 413:
            raise RefusedError(text)
        case 404 | 405:
            raise wire.other_version("")
    raise EngineFailedError(f"the engine at {path} could not do it: {text or f'status {status}'}")
