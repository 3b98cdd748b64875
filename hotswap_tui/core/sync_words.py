"""What is known of the pair, and what a switch would lose, as sentences. Pure; every figure stands with its age."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.dossier_words import dossier_lines
from hotswap_tui.core.risk_words import risk_sentences
from hotswap_tui.core.sync_facts import facts, lag_words, relation_words

if TYPE_CHECKING:
    from hotswap_tui.core.sync import SyncReading

__all__ = ["dossier_lines", "lag_words", "relation_words", "risk_sentences", "sync_lines"]

_LABEL = 13


def sync_lines(reading: SyncReading, now_s: float) -> list[str]:
    """Return everything about the pair, a labelled line each, the dossier's own lines last."""
    lines = [f"{fact.label:<{_LABEL}}{fact.marked}" for fact in facts(reading, now_s) if fact.label != "failback"]
    if reading.dossier is not None:
        told = dossier_lines(reading.dossier, now_s)
        lines += [f"{'' if index else 'failback':<{_LABEL}}{line}" for index, line in enumerate(told)]
    return lines
