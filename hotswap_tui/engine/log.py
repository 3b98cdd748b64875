"""The log: every event as a line in the reference's words, or as a JSON object, on a stream or in a bounded file.

A reader that stalls (a full pipe, a terminal stopped with Ctrl+S) must not stop the engine: a thread of its own writes, and
what it cannot keep up with is dropped and counted.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Any, Final, Literal, TextIO

from hotswap_tui.core.values import HOT_SWAP_HINT
from hotswap_tui.engine.log_words import ASCII_MARKS, PREFIX, initializing_lines, reference_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from io import TextIOWrapper
    from pathlib import Path

    from hotswap_tui.core.values import Event

__all__ = ["EventLog", "LogFormat", "initializing_lines", "json_line", "reference_line"]

LogFormat = Literal["reference", "json"]

FILE_BYTES: Final = 1_000_000
FILES: Final = 3
_QUEUED_LINES: Final = 1000
_CLOSE_S: Final = 2.0


def json_line(event: Event) -> str:
    """Return `event` as one JSON object on one line; `time` is ISO 8601 with the local offset."""
    return json.dumps(
        {
            "time": _iso(event.wall_s),
            "id": event.id,
            "kind": event.kind.value,
            "level": event.level.name.lower(),
            "text": event.text,
            "role": event.role,
            "data": dict(event.data),
        }
    )


class EventLog:
    """Write events to `target`: an open text stream, or the path of a file (0600) that is kept to three of a megabyte each.

    Raises OSError when the file cannot be opened. Later failures are not raised: a log that cannot be written stops nothing.
    """

    def __init__(
        self, log_format: LogFormat, target: TextIO | Path, *, wall_s: Callable[[], float] = time.time
    ) -> None:
        self._format = log_format
        self._wall_s = wall_s
        self._write_line, self._close_target = _writer(target)
        self._lines: queue.Queue[str | None] = queue.Queue(_QUEUED_LINES)
        self._dropped = 0
        self._thread = threading.Thread(target=self._drain, name="log", daemon=True)
        self._thread.start()

    def initializing(self, primary: str, secondary: str | None, interval_ms: int, threshold: int) -> None:
        """Write what the engine begins with; `primary` and `secondary` are masked connection strings."""
        if self._format == "reference":
            self._put(initializing_lines(primary, secondary, interval_ms, threshold))
            return
        fields: dict[str, Any] = {
            "time": _iso(self._wall_s()),
            "kind": "initializing",
            "primary": primary,
            "secondary": secondary,
            "health_check_interval_ms": interval_ms,
            "failure_threshold": threshold,
        }
        self._put([json.dumps(fields if secondary else {**fields, "hint": HOT_SWAP_HINT})])

    def write(self, event: Event) -> None:
        """Write one event; returns at once."""
        line = json_line(event) if self._format == "json" else reference_line(event)
        if line is not None:
            self._put([line])

    def close(self) -> None:
        """Write what is queued and close, within two seconds even when the reader has stalled."""
        if not self._thread.is_alive():
            return
        deadline_s = time.monotonic() + _CLOSE_S
        with suppress(queue.Full):
            self._lines.put(None, timeout=_CLOSE_S)
            self._thread.join(max(0.0, deadline_s - time.monotonic()))

    def _put(self, lines: Iterable[str]) -> None:
        try:
            if self._dropped:
                self._lines.put_nowait(self._dropped_line())
                self._dropped = 0
            # A block is one item: it is written whole or not at all.
            self._lines.put_nowait("\n".join(lines))
        except queue.Full:
            self._dropped += 1

    def _dropped_line(self) -> str:
        text = f"{self._dropped} log lines were dropped: whoever reads the log was too slow"
        if self._format == "reference":
            return PREFIX + text
        fields = {"time": _iso(self._wall_s()), "kind": "dropped", "count": self._dropped, "text": text}
        return json.dumps(fields)

    def _drain(self) -> None:
        for line in iter(self._lines.get, None):
            self._write_line(line)
        self._close_target()


def _writer(target: TextIO | Path) -> tuple[Callable[[str], None], Callable[[], None]]:
    if isinstance(target, os.PathLike):
        handler = _File(target, maxBytes=FILE_BYTES, backupCount=FILES - 1, encoding="utf-8", errors="replace")
        return lambda line: handler.emit(logging.makeLogRecord({"msg": line})), handler.close
    return _Stream(target).write, lambda: None


def _iso(wall_s: float) -> str:
    return datetime.fromtimestamp(wall_s, UTC).astimezone().isoformat(timespec="milliseconds")


class _File(RotatingFileHandler):
    """A bounded file that only its owner can read."""

    def _open(self) -> TextIOWrapper:
        os.close(os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT, 0o600))
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  the base class's name
        """Lose the line: the standard handler would print a traceback across the dashboard."""


class _Stream:
    """A stream of any encoding, written to below Python's buffer: whoever exits would wait for the buffer's lock."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._encoding = stream.encoding or "utf-8"
        try:
            self._descriptor: int | None = stream.fileno()
        except OSError:
            self._descriptor = None

    def write(self, line: str) -> None:
        """Write one line; lose it when nobody can read it any more."""
        data = self._encoded(f"{line}\n")
        with suppress(OSError, ValueError):
            if self._descriptor is None:
                self._stream.write(data.decode(self._encoding))
                return
            while data:
                data = data[os.write(self._descriptor, data) :]

    def _encoded(self, line: str) -> bytes:
        try:
            return line.encode(self._encoding)
        except UnicodeEncodeError:
            return _plain(line).encode(self._encoding, "replace")


def _plain(line: str) -> str:
    for mark, replacement in ASCII_MARKS.items():
        line = line.replace(mark, replacement)
    return line
