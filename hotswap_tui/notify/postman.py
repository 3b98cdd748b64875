"""A process of its own that hands letters to Apprise and ends: its memory, about 50 MB, goes with it.

It is run as a file and imports nothing of ours. Standard input: one JSON object, `deadline_s` and `parcels`, each with
`url`, `title`, `body` and `type`. Standard output: one JSON line for each parcel as it is settled, `number`, `sent`,
`known` (whether Apprise knows such URLs) and `log`, which may hold secrets and is for our parent alone.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import threading
import time
from contextvars import ContextVar
from typing import Any

_NICENESS = 10
"""Loading Apprise takes a second of a processor that the checks need."""
_LOG_LINES = 40
_OUTPUT = threading.Lock()
_answers = 1


_heard: ContextVar[list[str]] = ContextVar("heard")
"""What Apprise says about the parcel at hand: its worker threads run in the context that asked."""


class _Listener(logging.Handler):
    """Keeps what tells why a parcel was not taken; the rest describes our own URL."""

    def emit(self, record: logging.LogRecord) -> None:
        lines, line = _heard.get([]), record.getMessage()[:1000]
        if (record.levelno >= logging.WARNING or "exception" in line.lower()) and len(lines) < _LOG_LINES:
            lines.append(line)


def _send(number: int, parcel: dict[str, str]) -> None:
    import apprise  # noqa: PLC0415 - main has loaded it

    lines: list[str] = []
    _heard.set(lines)
    sent, known = False, True
    try:
        asset = apprise.AppriseAsset(app_id="hotswap-tui", app_desc="hotswap-tui", app_url="", async_mode=False)
        service = apprise.Apprise.instantiate(parcel["url"], asset=asset)
        known = service is not None
        if service is not None:
            one = apprise.Apprise(asset=asset)
            one.add(service)
            sent = bool(
                one.notify(
                    title=parcel["title"],
                    body=parcel["body"],
                    notify_type=apprise.NotifyType(parcel["type"]),
                    body_format=apprise.NotifyFormat.TEXT,
                )
            )
    except Exception as error:  # noqa: BLE001 - a plugin's mistake is one service's failure
        lines.append(f"{type(error).__name__}: {error}"[:1000])
    _say({"number": number, "sent": sent, "known": known, "log": lines})


def _say(told: dict[str, Any]) -> None:
    with _OUTPUT, contextlib.suppress(OSError):
        os.write(_answers, json.dumps(told).encode() + b"\n")


def main() -> None:
    """Deliver what standard input holds, each parcel in its own thread, until the deadline."""
    global _answers  # noqa: PLW0603 - known once only
    work = json.load(sys.stdin)
    end_s = time.monotonic() + float(work["deadline_s"])
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)
    import apprise  # noqa: PLC0415 - it takes the time that the deadline counts

    # Whatever Apprise or a plugin prints is no answer of ours.
    _answers = os.dup(1)
    os.dup2(2, 1)
    logger = logging.getLogger("apprise")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(_Listener())
    threads = [
        threading.Thread(target=_send, args=(number, parcel), daemon=True)
        for number, parcel in enumerate(work["parcels"])
    ]
    del apprise
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(end_s - time.monotonic(), 0.0))
    os._exit(0)  # without waiting for what still hangs


if __name__ == "__main__":
    main()
