"""The line above the keys: what the demo's clients meet right now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.demo.client_load import CLIENTS
from hotswap_tui.tui.cells import Row, Span, Tone

if TYPE_CHECKING:
    from hotswap_tui.demo.client_load import ClientLoad

_LONG_S: Final = 0.3
"""A wait that a person would notice."""


def caption(load: ClientLoad) -> Row:
    """Return the line, in fixed columns that fit 80."""
    head = Span(f" {CLIENTS} clients ", Tone.DIM)
    if not load.alive:
        return Row((head, Span("have ended; load.log in the gateway's directory says why", Tone.BAD)))
    recent, total = load.recent, load.total
    rate = recent.successes / recent.seconds if recent.seconds else 0.0
    by = "(paused)" if load.paused else _servers(load.servers)
    return Row(
        (
            head,
            Span(f"{rate:5.1f} ok/s "),
            Span(f"{by:<12}", Tone.PLAIN if load.servers or load.paused else Tone.BAD),
            Span(
                f"{total.errors:6d} {'error ' if total.errors == 1 else 'errors'}",
                Tone.WARNING if recent.errors else Tone.PLAIN,
            ),
            Span(f"  longest wait{total.longest_s:6.2f}s"),
            Span(f"  now{recent.waiting_s:6.2f}s", Tone.WARNING if recent.waiting_s > _LONG_S else Tone.PLAIN),
        )
    )


def _servers(names: tuple[str, ...]) -> str:
    return "by " + (names[0] if len(names) == 1 else "both" if names else "nobody")
