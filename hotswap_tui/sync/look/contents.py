"""What replication does not carry, compared: the schema and the sequences."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.sync import Relation, SchemaDrift
from hotswap_tui.core.values import Role
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.handover.sequences import read_sequences
from hotswap_tui.sync.look.gathering import both
from hotswap_tui.sync.schema.catalogue import fingerprint, read_catalogue
from hotswap_tui.sync.schema.compare import differences, drift

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap_tui.sync.handover.sequences import SequenceState
    from hotswap_tui.sync.look.asked import Asked

PHYSICAL: Final = frozenset({Relation.PHYSICAL, Relation.PHYSICAL_BACK})
ALIKE: Final = PHYSICAL | {Relation.SAME}
"""The catalogue and the sequences come along with everything else."""


class Schemas:
    """Compares the catalogues; those of which the comparison before found the same hashes are not read again.

    Hashes that differ may do so for ever: an extension of the secondary alone, another version's way of printing.
    """

    def __init__(self) -> None:
        """Begin without a comparison."""
        self._hashes: tuple[str, str] | None = None
        self._found = SchemaDrift(0)

    async def compare(self, asked: Mapping[Role, Asked], read_s: float) -> SchemaDrift | None:
        """Return how they differ, in a short answer from each server where nothing has changed; None: it could not be read."""
        try:
            primary, secondary = (asked[role] for role in Role)
            left_s = min(primary.left_s, secondary.left_s)
            hashes = await both(fingerprint(primary.inspection, left_s), fingerprint(secondary.inspection, left_s))
            if hashes[0] == hashes[1]:
                return SchemaDrift(0, (), read_s)
            if hashes != self._hashes:
                left_s = min(primary.left_s, secondary.left_s)
                catalogues = await both(
                    read_catalogue(primary.inspection, left_s), read_catalogue(secondary.inspection, left_s)
                )
                self._hashes, self._found = hashes, drift(differences(*catalogues), read_s)
        except InspectionError:
            return None
        return replace(self._found, read_s=read_s)


async def sequences_of(one: Asked) -> tuple[SequenceState, ...] | None:
    """Return where the sequences of one database stand; None: they could not be read."""
    try:
        return await read_sequences(one.inspection, one.left_s)
    except InspectionError:
        return None
