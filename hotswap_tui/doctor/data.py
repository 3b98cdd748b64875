"""The examination's part about the data: who is asked, with what an engine remembers, and the findings in their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from hotswap_tui.core.sync import Relation
from hotswap_tui.core.values import Role
from hotswap_tui.doctor import drift, guards
from hotswap_tui.doctor.look_data import look_at_data
from hotswap_tui.doctor.replication import replication
from hotswap_tui.doctor.slots import slots

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotswap_tui.core.sync import Mark, SyncReading
    from hotswap_tui.doctor.facts import DataLook, EngineLook, Look
    from hotswap_tui.doctor.finding import Finding
    from hotswap_tui.doctor.subject import Subject


@dataclass(frozen=True, slots=True)
class Remembered:
    """What an engine of these databases, or else the journal, knows and one look does not show."""

    serving: Role = Role.PRIMARY
    mark: Mark | None = None
    sync: SyncReading | None = None
    sync_age_s: float = 0.0

    @classmethod
    def of(cls, engine: EngineLook, urls: Mapping[Role, str]) -> Self:
        """Return what is known; an engine with other connection strings than `urls` (masked) is not asked."""
        ours = engine.active is not None and engine.urls == urls
        serving = (engine.active if ours else engine.serving) or Role.PRIMARY
        mark = engine.mark if serving is Role.SECONDARY else None
        return cls(serving, mark, *((engine.sync, engine.sync_age_s) if ours else ()))


async def look_at_pair(looks: Mapping[Role, Look], remembered: Remembered) -> DataLook | None:
    """Return what the pair has in common, asked of those that answered; None where there is no pair, or none answered."""
    asked = frozenset(role for role, look in looks.items() if look.verdict.facts is not None)
    if len(looks) < len(Role) or not asked:
        return None
    dsns = {role: look.dsn for role, look in looks.items()}
    return await look_at_data(dsns, asked, remembered.serving, remembered.mark)


def of_data(
    subject: Subject, looks: Mapping[Role, Look], data: DataLook | None, remembered: Remembered
) -> Iterator[Finding]:
    """Yield what the two databases have in common; one database under both settings has nothing to compare."""
    if data is None or data.reading.relation is Relation.SAME:
        return
    settings = subject.loaded.settings if subject.loaded is not None else None
    yield from replication(data, subject.policy)
    yield from slots(data, remembered.sync, remembered.sync_age_s)
    if len(data.asked) == len(Role):
        yield from drift.schema(looks[Role.PRIMARY].details, looks[Role.SECONDARY].details, data.reading)
        yield from drift.sequences(data, None if settings is None else settings.sequence_gap)
        yield from guards.guards(data, subject.policy, routed=subject.gateway is not None)
