"""What a person is about to do to traffic, as the rows of the window that asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.proposal import effect, obstacle, plan_of, risks
from hotswap_tui.core.time_words import age
from hotswap_tui.tui.cells import LEVEL_TONES, Row, Span, Tone, fit, wrap
from hotswap_tui.tui.table import latency, state_of

if TYPE_CHECKING:
    from hotswap_tui.core.proposal import Proposal
    from hotswap_tui.core.snapshot import DatabaseView, Snapshot
    from hotswap_tui.tui.view import View

_LABEL = 8
_ROOM_FOR_ADDRESSES = 60


def proposal_rows(proposal: Proposal, view: View, width: int) -> list[Row]:
    """Return what is now, what will be, and what it risks, as of this moment."""
    snapshot = view.snapshot
    now, after = snapshot.database(proposal.target.other), snapshot.database(proposal.target)
    rows = []
    if proposal.repair:
        rows += _line("now", f"the gateway points to {snapshot.router.address or 'nowhere'}", width)
    elif now is not None:
        rows += _side("now", now, view, width)
    if after is not None:
        rows += _side("after", after, view, width)
    blocked = obstacle(proposal, snapshot)
    if blocked:
        return rows + _line("but", blocked, width, Tone.BAD)
    if snapshot.router.routed:
        rows += _how(proposal, snapshot, width)
    for index, (text, level) in enumerate(risks(proposal, snapshot, view.now_s)):
        rows += _line("risk" if index == 0 else "", text, width, LEVEL_TONES[level])
    return rows


def _how(proposal: Proposal, snapshot: Snapshot, width: int) -> list[Row]:
    """Return what it does to the clients that are connected."""
    rows = _line("how", effect(proposal, snapshot), width)
    if width < _ROOM_FOR_ADDRESSES:
        return rows
    return rows + _line("", ", ".join(plan_of(proposal, snapshot).steps), width, Tone.DIM)


def _side(label: str, database: DatabaseView, view: View, width: int) -> list[Row]:
    state = state_of(database)
    verdict = database.verdict
    last = f"{latency(verdict.latency_ms)} ms" if verdict is not None and verdict.passed else ""
    seen = f"seen {age(view.now_s - database.last_pass_s)} ago" if database.last_pass_s is not None else "never seen"
    head = Span(f" {fit(label, _LABEL)}", Tone.DIM)
    role = Span(f"{database.role.value.upper():<10}", Tone.STRONG)
    figures = "   ".join(part for part in (last, seen) if part)
    first = Row((head, role, Span(f"{state.text:<11}", state.tone), Span(figures)))
    if width < _ROOM_FOR_ADDRESSES:
        return [first]
    address = Span(" " * (_LABEL + 1) + fit(database.address, width - _LABEL - 1), Tone.DIM)
    return [first, Row((address,))]


def _line(label: str, text: str, width: int, tone: Tone = Tone.PLAIN) -> list[Row]:
    lines = wrap(text, width - _LABEL - 2)
    labels = [label, *("" for _ in lines[1:])]
    return [
        Row((Span(f" {fit(name, _LABEL)}", Tone.DIM), Span(line, tone)))
        for name, line in zip(labels, lines, strict=True)
    ]
