"""The standard streams, also where they are closed, or nobody reads them any more."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def fill_closed() -> None:
    """Put /dev/null where a standard stream is closed: the next file to be opened would be taken for it, and written into."""
    for name, mode in _STREAMS:
        if getattr(sys, name) is None:
            stream = os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8")
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)


def say(text: str) -> None:
    """Print at once, in whatever encoding the output has, to whoever still reads."""
    encoding = sys.stdout.encoding or "utf-8"
    with suppress(OSError):
        print(text.encode(encoding, "replace").decode(encoding), flush=True)


def complain(text: str) -> None:
    """Say on standard error what is wrong, if anybody reads it; the exit code tells in any case."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def flush() -> OSError | None:
    """Hand over what was printed; return why the output could not be written, None also for a reader that has seen enough."""
    failed = [error for error in (_flush("stderr"), _flush("stdout")) if error is not None]
    return next((error for error in failed if not isinstance(error, BrokenPipeError)), None)


def _flush(name: str) -> OSError | None:
    stream = getattr(sys, name)
    try:
        stream.flush()
    except OSError as error:
        # Python flushes once more at exit, which must find somewhere to write.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return error
    return None
