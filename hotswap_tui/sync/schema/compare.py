"""How two catalogues differ, in lines that a person reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.sync import SHOWN, SchemaDrift
from hotswap_tui.core.text import clean
from hotswap_tui.sync.schema.deparse import alike

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hotswap_tui.sync.schema.catalogue import Catalogue, Item, Key

_ORDER: Final = (
    "schema",
    "extension",
    "enum",
    "domain",
    "type",
    "collation",
    "sequence",
    "table",
    "foreign table",
    "column",
    "constraint",
    "index",
    "statistics",
    "view",
    "materialized view",
    "function",
    "procedure",
    "aggregate",
    "trigger",
    "rule",
    "policy",
)
"""Roughly what has to exist first: who brings the databases together from top to bottom is not held up."""
_RANK: Final = {kind: rank for rank, kind in enumerate(_ORDER)}
_LONGEST: Final = 120
"""Characters of a definition in a line."""
_LEAD: Final = 30
"""Characters before the first difference that a cut definition keeps."""
_LONGEST_NAME: Final = 200
_LONGEST_TEXT: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Difference:
    """One object that the two databases do not have alike. Texts are cleaned, and whole."""

    kind: str
    name: str
    primary: str | None
    """Its definition there; None: it is not there."""
    secondary: str | None

    def __str__(self) -> str:
        """Return one readable line; long definitions are cut where they differ."""
        if self.secondary is None:
            return f"+ only on primary: {self.kind} {self.name}"
        if self.primary is None:
            return f"- only on secondary: {self.kind} {self.name}"
        primary, secondary = _excerpts(self.primary, self.secondary)
        return f"~ {self.kind} {self.name}: primary {primary}, secondary {secondary}"


def differences(primary: Catalogue, secondary: Catalogue) -> tuple[Difference, ...]:
    """Return how they differ, by kind and name; what follows from another difference is not repeated.

    Objects lie in schemas that the primary has. A schema that only the secondary has counts when it belongs to the role that logs
    in there, an extension that only the secondary has never: cloud providers bring their own.
    """
    found = _Pair(primary, secondary).different()
    return tuple(
        Difference(key.kind, clean(str(key), _LONGEST_NAME), _shown(ours), _shown(theirs))
        for key, (ours, theirs) in sorted(found.items(), key=lambda pair: (_rank(pair[0]), pair[0]))
    )


def drift(found: Sequence[Difference], read_s: float) -> SchemaDrift:
    """Return what the dashboard shows of `found`."""
    return SchemaDrift(len(found), tuple(map(str, found[:SHOWN])), read_s)


class _Pair:
    """Compares, and remembers what both sides have."""

    def __init__(self, primary: Catalogue, secondary: Catalogue) -> None:
        self._versions = primary.major_version, secondary.major_version
        self._primary = primary.items
        self._secondary = secondary.items

    def different(self) -> Mapping[Key, tuple[str | None, str | None]]:
        found = dict(self._raw())
        return {key: sides for key, sides in found.items() if not self._follows(key, sides, found)}

    def _raw(self) -> Iterator[tuple[Key, tuple[str | None, str | None]]]:
        for key, item in self._primary.items():
            other = self._secondary.get(key)
            if other is None:
                if not self._without_owner(item, self._secondary):
                    yield key, (item.definition, None)
            elif not alike(key.kind, (item.definition, other.definition), self._versions):
                yield key, (item.definition, other.definition)
        for key, item in self._secondary.items():
            if key not in self._primary and self._counts(key, item):
                yield key, (None, item.definition)

    def _counts(self, key: Key, item: Item) -> bool:
        """Say whether something that only the secondary has is a difference of its own."""
        if key.kind == "schema":
            return item.of_login
        return key.kind != "extension" and not self._without_owner(item, self._primary)

    @staticmethod
    def _without_owner(item: Item, other: Mapping[Key, Item]) -> bool:
        return item.owner is not None and item.owner not in other

    def _follows(
        self,
        key: Key,
        sides: tuple[str | None, str | None],
        found: Mapping[Key, tuple[str | None, str | None]],
    ) -> bool:
        """Say whether the parent table has the same difference, of which this one is a consequence."""
        item = self._primary.get(key) or self._secondary[key]
        parents = found.get(item.follows) if item.follows else None
        if parents is None:
            return False
        missing = [side is None for side in sides]
        return missing == [side is None for side in parents] and (any(missing) or sides == parents)


def _rank(key: Key) -> int:
    return _RANK.get(key.kind, len(_ORDER))


def _shown(text: str | None) -> str | None:
    return None if text is None else clean(text, _LONGEST_TEXT)


def _excerpts(one: str, other: str) -> tuple[str, str]:
    if max(len(one), len(other)) <= _LONGEST:
        return one, other
    same = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    start = 0 if same <= _LONGEST // 2 else same - _LEAD
    return _excerpt(one, start), _excerpt(other, start)


def _excerpt(text: str, start: int) -> str:
    part = text[start : start + _LONGEST]
    return f"{'…' if start else ''}{part}{'…' if start + _LONGEST < len(text) else ''}"
