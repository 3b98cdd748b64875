"""Which statements come next, from what there is: the same after a beginning and after any interruption.

The order of both ways at once (PostgreSQL's manual, CREATE SUBSCRIPTION, "origin" and its notes):
1. The way back keeps what is written on the secondary before the first row is copied there, so that nothing is lost.
2. Nothing of it is carried before the copy is complete: COPY takes every row whatever its origin, and would bring a row back.
3. Then the way back begins; both leave out what came from elsewhere, so that nothing goes round.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from hotswap_tui.sync.quoting import literal
from hotswap_tui.sync.replication import statements
from hotswap_tui.sync.replication.found import INITIAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.sync.replication.found import Found
    from hotswap_tui.sync.replication.statements import Statement, Table
    from hotswap_tui.sync.replication.ways import Way

_STREAMED_FROM: Final = 14
_PARALLEL_FROM: Final = 16


@dataclass(frozen=True, slots=True)
class Wanted:
    """How one way is to be."""

    way: Way
    tables: tuple[Table, ...] | None
    """To be listed in the publication; None: all tables are published."""
    left_out: tuple[Table, ...]
    """Never to be listed: migration tools' own."""
    copy: bool
    major: int
    """Of the older server."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Both ways as they are to be and as they are."""

    there: Wanted
    found_there: Found
    back: Wanted | None = None
    found_back: Found | None = None


def next_steps(pair: Pair) -> list[Statement]:
    """Return what to run now; nothing when all is there, or a copy has to be complete first."""
    if missing := [*_publications(pair), *_created(pair)]:
        return missing
    if copying(pair):
        return []
    return [*_refreshed(pair)] or [*_begun(pair)]


def copying(pair: Pair) -> bool:
    """Say whether tables are still being copied."""
    subscription = pair.found_there.subscription
    return subscription is not None and bool(subscription.waiting)


def _publications(pair: Pair) -> Iterator[Statement]:
    for wanted, found in _each(pair):
        publication = found.publication
        if publication is None:
            yield statements.create_publication(wanted.way, wanted.tables)
        elif publication.all_tables:
            if wanted.tables is not None:
                yield statements.list_tables(wanted.way, wanted.tables)
        else:
            if new := set(wanted.tables or ()) - publication.listed:
                yield statements.add_tables(wanted.way, sorted(new))
            if old := publication.listed.intersection(wanted.left_out):
                yield statements.leave_out_tables(wanted.way, sorted(old))


def _created(pair: Pair) -> Iterator[Statement]:
    there, found = pair.there, pair.found_there
    if pair.back is None or pair.found_back is None:
        yield from _slot(there.way, found)
        yield from _subscribed(there, found, enabled=True)
        return
    for step in _slot_back(pair.back.way, pair.found_back, begins=copies_nothing(found)):
        yield replace(step, begins_back=True)
    yield from _slot(there.way, found)
    # In this order no subscription is created on a source that subscribes itself, which is warned of, in the log, with its password.
    if found.subscription is None:
        yield from _subscribed(there, found, enabled=False)
    yield from _subscribed(pair.back, pair.found_back, enabled=False)
    if found.subscription is None:
        yield statements.alter_subscription(there.way, "ENABLE")
    else:
        yield from _subscribed(there, found, enabled=True)


def copies_nothing(found: Found) -> bool:
    """Say whether the secondary has nothing of the primary's yet."""
    subscription = found.subscription
    return subscription is None or (
        not subscription.enabled and all(state == INITIAL for _, state in subscription.states)
    )


def _slot(way: Way, found: Found) -> Iterator[Statement]:
    if found.slot is None:
        yield statements.create_slot(way)


def _slot_back(way: Way, found: Found, *, begins: bool) -> Iterator[Statement]:
    if found.slot is None:
        yield statements.create_slot(way)
    elif begins and not found.slot.active:
        # Whatever was done on the secondary before it had the primary's rows is not to be done to them, a TRUNCATE above all.
        yield statements.skip_written(way)


def _subscribed(wanted: Wanted, found: Found, *, enabled: bool) -> Iterator[Statement]:
    way, subscription = wanted.way, found.subscription
    if subscription is None:
        yield statements.create_subscription(way, _options(wanted, enabled=enabled))
        return
    if subscription.stale_route:
        yield statements.alter_connection(way)
    if way.two_way and not subscription.two_way:
        yield statements.alter_subscription(way, "SET (origin = none)")
    if enabled and not subscription.enabled:
        yield statements.alter_subscription(way, "ENABLE")


def _refreshed(pair: Pair) -> Iterator[Statement]:
    """Take tables that have come since; those of the way back first, which then waits until they are copied."""
    there, back = pair.there, pair.back
    if back is not None and pair.found_back is not None and _changed(pair.found_back):
        assert pair.found_back.subscription is not None
        if not pair.found_back.subscription.enabled:
            yield statements.alter_subscription(back.way, "ENABLE")
        refresh = statements.alter_subscription(back.way, "REFRESH PUBLICATION WITH (copy_data = false)")
        yield replace(refresh, begins_back=True)
    if _changed(pair.found_there):
        if back is not None:
            yield statements.alter_subscription(back.way, "DISABLE")
        yield statements.alter_subscription(there.way, f"REFRESH PUBLICATION WITH (copy_data = {_word(there.copy)})")


def _begun(pair: Pair) -> Iterator[Statement]:
    if pair.back is None or pair.found_back is None or pair.found_back.subscription is None:
        return
    if not pair.found_back.subscription.enabled:
        yield statements.alter_subscription(pair.back.way, "ENABLE")


def _changed(found: Found) -> bool:
    assert found.publication is not None
    assert found.subscription is not None
    return found.publication.tables != found.subscription.tables


def _each(pair: Pair) -> Iterator[tuple[Wanted, Found]]:
    yield pair.there, pair.found_there
    if pair.back is not None and pair.found_back is not None:
        yield pair.back, pair.found_back


def _options(wanted: Wanted, *, enabled: bool) -> dict[str, str]:
    """Return the subscription's options; disable_on_error stays false: a conflict is to be mended, not to end everything.

    Large transactions arrive while they run, which leaves little to wait for in a switch. synchronous_commit stays off: the
    source forgets nothing before the target has it on its disk.
    """
    options = {
        "enabled": _word(enabled),
        "create_slot": "false",
        "slot_name": literal(wanted.way.slot),
        "copy_data": _word(wanted.copy),
    }
    if wanted.major >= _STREAMED_FROM:
        options["streaming"] = "parallel" if wanted.major >= _PARALLEL_FROM else "on"
    return {**options, "origin": "none"} if wanted.way.two_way else options


def _word(value: bool) -> str:  # noqa: FBT001 - as SQL writes it
    return "true" if value else "false"
