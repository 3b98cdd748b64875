"""Asking before traffic moves: what is now, what will be, what it risks, and the word for it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from hotswap_tui.cli.plain_text import fit, shown, tell, wrap
from hotswap_tui.core.health_words import state_words
from hotswap_tui.core.proposal import effect, obstacle, plan_of, risks
from hotswap_tui.core.time_words import age

if TYPE_CHECKING:
    from hotswap_tui.core.proposal import Proposal
    from hotswap_tui.core.snapshot import DatabaseView, Snapshot

WIDTH: Final = 80
_LABEL: Final = 9
NO_TERMINAL: Final = "there is no terminal to ask on; add --yes to do it without being asked"


def can_ask() -> bool:
    """Say whether somebody sits here who can answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def proposal_lines(proposal: Proposal, snapshot: Snapshot, now_s: float) -> list[str]:
    """Return what is now, what will be, and what it does and risks, as of `now_s` (monotonic)."""
    before, after = snapshot.database(proposal.target.other), snapshot.database(proposal.target)
    lines = [proposal.title]
    if proposal.repair:
        lines += _labelled("now", f"the gateway points to {snapshot.router.address or 'nowhere'}")
    elif before is not None:
        lines += _labelled("now", _side(before, now_s))
    if after is not None:
        lines += _labelled("after", _side(after, now_s))
    if blocked := obstacle(proposal, snapshot):
        return lines + _labelled("but", blocked)
    if snapshot.router.routed:
        lines += _labelled("how", effect(proposal, snapshot))
        lines += _labelled("", ", ".join(plan_of(proposal, snapshot).steps))
    for index, (text, _level) in enumerate(risks(proposal, snapshot, now_s)):
        lines += _labelled("risk" if index == 0 else "", text)
    return lines


def _side(database: DatabaseView, now_s: float) -> str:
    verdict = database.verdict
    last = f"{verdict.latency_ms:.1f} ms" if verdict is not None and verdict.passed and verdict.latency_ms else ""
    seen = f"seen {age(now_s - database.last_pass_s)} ago" if database.last_pass_s is not None else "never seen"
    told = (database.role.value.upper(), state_words(database), database.address, last, seen)
    return ", ".join(part for part in told if part)


def _labelled(label: str, text: str) -> list[str]:
    broken = wrap(text, WIDTH - _LABEL - 2)
    return [f"  {fit('' if index else label, _LABEL)}{line}" for index, line in enumerate(broken)]


def agreed(verb: str, word: str) -> bool:
    """Ask on the terminal for `word`, or for y where it is empty, and say whether that was typed."""
    if word:
        tell([f"Type {word} and press enter to {verb}; anything else leaves everything as it is."])
        return _answer("> ") == word
    return _answer(f"{verb[0].upper()}{verb[1:]}? [y/N] ").casefold() in {"y", "yes"}


def _answer(prompt: str) -> str:
    """Return what was typed; nothing when the question was left with Ctrl-C or Ctrl-D."""
    try:
        print(shown(prompt, sys.stderr), end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
    except KeyboardInterrupt:
        line = ""
    if not line:
        tell([""])
    return line.strip()
