"""Our side of the process that speaks to Apprise: what it gets by a pipe, and what it says in our own words."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotswap_tui.notify.services import UNKNOWN, reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import SecretStr

    from hotswap_tui.notify.message import Letter

INSTALL: Final = "pip install 'hotswap-tui[notify]'"
DEADLINE_S: Final = 60.0
"""For one round: a Raspberry Pi takes ten seconds to load Apprise."""
_GRACE_S: Final = 2.0
"""For the process to end by itself after its deadline."""
_POSTMAN: Final = str(Path(__file__).with_name("postman.py"))
_PASSED_ON: Final = frozenset(
    {
        "PATH", "HOME", "LANG", "TZ", "USER", "LOGNAME", "TMPDIR", "PYTHONPATH",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    }
)  # fmt: skip
_NO_ANSWER: Final = "no answer"
_ANSWER: Final = 1 << 20
"""Bytes; the postman's longest answer, all of whose log is escaped, has a quarter of them."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One letter for one service."""

    url: SecretStr
    letter: Letter


def installed() -> bool:
    """Say whether Apprise is there, without loading it."""
    return find_spec("apprise") is not None


async def deliver(parcels: Sequence[Parcel], deadline_s: float = DEADLINE_S) -> list[str]:
    """Hand each parcel to its service; return for each why that failed, empty where it did not. Raises nothing.

    URLs and letters go through a pipe: no process list shows them. When cancelled, the process is ended.
    """
    told: dict[int, str] = {}
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            _POSTMAN,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_environment(os.environ),
            start_new_session=True,
            limit=_ANSWER,
        )
    except OSError as error:
        return [f"no process could be started: {(error.strerror or 'unknown').lower()}"] * len(parcels)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline_s + _GRACE_S):
                await _converse(process, _work(parcels, deadline_s), told)
    finally:
        await _end(process)
    return [told.get(number, _NO_ANSWER) for number in range(len(parcels))]


def _environment(ambient: Mapping[str, str]) -> dict[str, str]:
    """Return what the process may know: none of our settings."""
    return {name: value for name, value in ambient.items() if name in _PASSED_ON or name.startswith("LC_")}


def _work(parcels: Sequence[Parcel], deadline_s: float) -> bytes:
    described = [
        {
            "url": parcel.url.get_secret_value(),
            "title": parcel.letter.title,
            "body": parcel.letter.body,
            "type": parcel.letter.type,
        }
        for parcel in parcels
    ]
    return json.dumps({"deadline_s": deadline_s, "parcels": described}).encode()


async def _converse(process: asyncio.subprocess.Process, work: bytes, told: dict[int, str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(ConnectionError):
        process.stdin.write(work)
        await process.stdin.drain()
    process.stdin.close()
    with suppress(ValueError):  # a line beyond all reason
        while line := await process.stdout.readline():
            answer = _answer(line)
            if answer is not None:
                told[answer[0]] = answer[1]
    await process.wait()


def _answer(line: bytes) -> tuple[int, str] | None:
    """Return a parcel's number and what kept it from arriving; None for a line that is no answer."""
    try:
        told = json.loads(line)
        number, sent, known, log = int(told["number"]), told["sent"], told["known"], told["log"]
    except (ValueError, TypeError, KeyError):
        return None
    if sent:
        return number, ""
    return number, reason(log) if known else UNKNOWN


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    # Its transport would otherwise be closed by the garbage collector, which warns.
    process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public name
