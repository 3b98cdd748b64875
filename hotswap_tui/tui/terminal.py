"""What the terminal can show, decided from its environment before anything is drawn."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNABLE = frozenset({"dumb", "unknown", ""})
_TRUE_COLOUR = frozenset({"truecolor", "24bit"})


@dataclass(frozen=True, slots=True)
class TerminalProfile:
    """How to draw. With a `refuse_reason` there is no drawing at all."""

    ascii: bool
    """Nothing but ASCII: the locale or the console's font has no more."""
    ansi: bool
    """The terminal's own 16 colours, or none."""
    refuse_reason: str = ""


def terminal_profile(environ: Mapping[str, str], encoding: str | None) -> TerminalProfile:
    """Judge a terminal by its environment and the encoding of its stream.

    The locale decides, not the stream alone: Python's UTF-8 mode writes UTF-8 to a terminal whose locale is C.
    The Linux console's font has neither braille nor most signs. NO_COLOR counts when it is set and not empty
    (no-color.org).
    """
    term = environ.get("TERM", "")
    if term in _UNABLE:
        said = f"TERM={term}" if term else "TERM is not set"
        reason = f"this terminal cannot show the dashboard ({said}); `hotswap-tui status` works everywhere"
        return TerminalProfile(ascii=True, ansi=True, refuse_reason=reason)
    colours = environ.get("COLORTERM", "") in _TRUE_COLOUR or "256color" in term or "direct" in term
    modern = colours or term in {"xterm-kitty", "xterm-ghostty", "alacritty", "foot", "wezterm"}
    console = term == "linux"
    return TerminalProfile(
        ascii=console or not has_utf8(environ, encoding),
        ansi=console or bool(environ.get("NO_COLOR")) or not modern,
    )


def has_utf8(environ: Mapping[str, str], encoding: str | None) -> bool:
    """Say whether a stream of that encoding shows more than ASCII in this environment."""
    return _is_utf8(encoding) and _locale_has_utf8(environ)


def _locale_has_utf8(environ: Mapping[str, str]) -> bool:
    """Judge by the first of the three that is set, as setlocale(3) does; with none set the stream alone decides."""
    locale = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), None)
    if locale is None:
        return True
    return _is_utf8(locale.partition(".")[2].partition("@")[0])


def _is_utf8(encoding: str | None) -> bool:
    try:
        return codecs.lookup(encoding or "ascii").name == "utf-8"
    except LookupError:
        return False
