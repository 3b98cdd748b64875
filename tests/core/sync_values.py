"""Readings of a pair, a line each."""

from __future__ import annotations

from typing import Any

from hotswap_tui.core.sync import Dossier, Flow, Relation, Safety, SyncReading
from hotswap_tui.core.values import Role


def flow(
    source: Role = Role.PRIMARY, *, lag_s: float | None = 0.2, measured_s: float | None = 0.0, **more: Any
) -> Flow:
    """Return a flow that streams, unless `more` says otherwise."""
    values: dict[str, Any] = {"name": "cc_financial_sub", "streaming": True, "lag_bytes": 0} | more
    return Flow(source, lag_s=lag_s, measured_s=measured_s, **values)


def dossier(verdict: Safety = Safety.DIVERGED, **more: Any) -> Dossier:
    """Return a dossier with a reason."""
    values: dict[str, Any] = {"why": f"that is how it is: {verdict.value}"} | more
    return Dossier(verdict, **values)


def reading(*flows: Flow, read_s: float = 0.0, **more: Any) -> SyncReading:
    """Return a reading; its relation follows from the flows."""
    relation = {
        frozenset(): Relation.UNRELATED,
        frozenset({Role.PRIMARY}): Relation.LOGICAL,
        frozenset({Role.SECONDARY}): Relation.LOGICAL_BACK,
        frozenset(Role): Relation.TWO_WAY,
    }[frozenset(each.source for each in flows)]
    values: dict[str, Any] = {"relation": relation} | more
    return SyncReading(read_s, flows=flows, **values)
