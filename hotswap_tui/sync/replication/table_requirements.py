"""What replication needs of the tables, and of what of a way there is already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.core.text import clean
from hotswap_tui.sync.quoting import qualified
from hotswap_tui.sync.replication.requirement import Level, Requirement, listed
from hotswap_tui.sync.replication.servers import HEARTBEAT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from hotswap_tui.sync.replication.found import Found
    from hotswap_tui.sync.replication.servers import ServerFacts, TableFacts
    from hotswap_tui.sync.replication.statements import Table
    from hotswap_tui.sync.replication.ways import Way

_ALIKE: Final = "bring it to the same schema first (hotswap-tui sync schema says how they differ)"
_TEARDOWN: Final = "hotswap-tui sync teardown"


def of_tables(source: ServerFacts, target: ServerFacts, *, all_tables: bool) -> Iterator[Requirement]:
    """Yield what keeps a table of `source` from being carried to `target`."""
    carried = source.carried(all_tables=all_tables)
    theirs = {t.table: t for t in target.tables if not t.partitioned}
    if missing := [t.shown for t in carried if t.table not in theirs]:
        yield Requirement(Level.PROBLEM, target.role, f"{_tables(missing)} missing", _ALIKE)
    if unlike := [t.shown for t in carried if t.table in theirs and not set(t.columns) <= set(theirs[t.table].columns)]:
        text = f"columns of {listed(unlike)} are missing, or of another type"
        yield Requirement(Level.PROBLEM, target.role, text, _ALIKE)
    if foreign := [t.shown for t in carried if t.table in theirs and not (target.superuser or theirs[t.table].owned)]:
        text = f"role {target.user} may not act for the owner of {listed(foreign)}, as whom replication writes"
        fix = f"GRANT the owner's role TO {target.user}, or ALTER TABLE … OWNER TO {target.user}"
        yield Requirement(Level.PROBLEM, target.role, text, fix)
    if unlogged := [t.shown for t in source.tables if t.unlogged and t.table[1] != HEARTBEAT]:
        yield Requirement(Level.NOTE, source.role, f"unlogged tables are not carried: {listed(unlogged)}")
    yield from _identity(source.role, carried)
    yield from _heartbeat(source, all_tables=all_tables)


def of_scope(
    source: ServerFacts, way: Way, *, all_tables: bool, found: Found, books: Sequence[Table] = ()
) -> Iterator[Requirement]:
    """Yield which tables are published, and which the role may not publish; `books` are those of migration tools."""
    noted = [clean(".".join(table)) for table in books]
    if all_tables and noted:
        text = (
            f"publication {clean(way.publication)} is of all tables, {listed(noted)} included, in which a migration tool notes what it "
            "has run: sync schema --command is refused"
        )
        fix = "run this again with the URL of the publication's owner, which leaves it out"
        yield Requirement(Level.WARNING, source.role, text, fix)
        return
    if all_tables:
        yield Requirement(Level.OK, source.role, "all tables are published, those of the future included")
        return
    owned = {t.table: t.owned or source.superuser for t in source.tables}
    published = found.publication.listed if found.publication else frozenset()
    new = [table for table in source.listed() if table not in published]
    if foreign := [clean(".".join(table)) for table in new if not owned[table]]:
        text = f"role {source.user} does not own {listed(foreign)}, and only an owner publishes a table"
        fix = f"ALTER TABLE … OWNER TO {source.user}, or give a superuser's URL"
        yield Requirement(Level.PROBLEM, source.role, text, fix)
    elif found.publication is not None and new and not found.publication.owned:
        text = f"publication {clean(way.publication)} belongs to another role, so tables cannot be added"
        yield Requirement(Level.PROBLEM, source.role, text, f"ALTER PUBLICATION … OWNER TO {source.user}")
    else:
        why = f"role {source.user} may not publish all tables"
        if noted:
            why = f"{_tables(noted)} left out, where a migration tool notes what it has run on each database"
        text = f"{why}: the {len(source.listed())} others are listed, and a new one needs hotswap-tui sync setup again"
        if not noted:
            text = text.replace(" others are", " that there are are")
        yield Requirement(Level.NOTE, source.role, text)


def of_reading(way: Way, unreadable: Sequence[Table]) -> Iterator[Requirement]:
    """Yield that the role by which the target reaches the source may not read what is to be copied."""
    if unreadable:
        user = way.route.login_user()
        text = f"role {user}, by which the {way.target} comes, may not read {listed([clean('.'.join(t)) for t in unreadable])}"
        fix = f"GRANT USAGE ON SCHEMA … TO {user}; GRANT SELECT ON ALL TABLES IN SCHEMA … TO {user}"
        yield Requirement(Level.PROBLEM, way.source, text, fix)


def of_rows(way: Way, filled: Sequence[Table], taken_back: Collection[Table] = ()) -> Iterator[Requirement]:
    """Yield that tables of the target have rows already, which the copy would meet; `taken_back`: what is done there comes back."""
    if filled:
        names = [clean(".".join(table)) for table in filled]
        fix = (
            f"empty them: TRUNCATE {listed([clean(qualified(*table)) for table in filled])}; or give --no-copy, if they have the "
            "primary's rows and nothing is written there meanwhile"
        )
        if not set(filled).isdisjoint(taken_back):
            fix = f"do not empty them now, that would empty the {way.source}'s, too: {_TEARDOWN}, then empty the {way.target}'s tables"
        yield Requirement(Level.PROBLEM, way.target, f"{_tables(names, 'has', 'have')} rows already", fix)


def of_schema(different: Sequence[str]) -> Iterator[Requirement]:
    """Yield that the schemas differ, in the lines of `sync schema`."""
    if different:
        count = "one difference" if len(different) == 1 else f"{len(different)} differences"
        text = f"the schemas have {count}: {clean('; '.join(different[:3]))}"
        fix = "hotswap-tui sync schema prints all; a constraint that only the secondary has stops the replication"
        yield Requirement(Level.WARNING, "both", text, fix)
    else:
        yield Requirement(Level.OK, "both", "the schemas are alike")


def of_found(way: Way, found: Found) -> Iterator[Requirement]:
    """Yield why what there is of a way cannot be used."""
    publication, slot, subscription = found.publication, found.slot, found.subscription
    if publication is not None and not publication.whole:
        text = f"publication {clean(way.publication)} exists and does not publish every kind of write"
        yield Requirement(Level.PROBLEM, way.source, text, f"{_TEARDOWN}, and run this again")
    if slot is not None and (not slot.fits or (slot.active and subscription is None)):
        text = f"a replication slot {way.slot} exists, of another kind or for another subscriber"
        yield Requirement(
            Level.PROBLEM, way.source, text, "drop it there if nobody needs it: SELECT pg_drop_replication_slot(…)"
        )
    if subscription is None:
        return
    if subscription.publications != (way.publication,) or subscription.slot != way.slot:
        text = f"subscription {clean(way.subscription)} exists and takes another publication or slot"
        yield Requirement(Level.PROBLEM, way.target, text, f"{_TEARDOWN}, and run this again")
    elif slot is None or slot.lost:
        text = f"the slot {way.slot} of subscription {clean(way.subscription)} is gone: what was written meanwhile will never arrive"
        yield Requirement(
            Level.PROBLEM, way.source, text, f"{_TEARDOWN}, empty the tables of the {way.target}, and run this again"
        )


def _identity(role: str, carried: Sequence[TableFacts]) -> Iterator[Requirement]:
    bare = [t for t in carried if not t.identified]
    if bare:
        text = (
            f"{_tables([t.shown for t in bare], 'has', 'have')} neither a primary key nor a replica identity: once published, UPDATE "
            "and DELETE fail there"
        )
        fix = f"give it a primary key, or ALTER TABLE {clean(qualified(*bare[0].table))} REPLICA IDENTITY FULL"
        yield Requirement(Level.PROBLEM, role, text, fix)


def _heartbeat(source: ServerFacts, *, all_tables: bool) -> Iterator[Requirement]:
    logged = [t for t in source.tables if t.table[1] == HEARTBEAT and not t.unlogged]
    if logged and all_tables:
        text = (
            f"{logged[0].shown} is a logged table, which a publication of all tables carries; each server needs its own"
        )
        fix = f"ALTER TABLE {clean(qualified(*logged[0].table))} SET UNLOGGED"
        yield Requirement(Level.PROBLEM, source.role, text, fix)


def _tables(names: Sequence[str], one: str = "is", more: str = "are") -> str:
    return f"table {names[0]} {one}" if len(names) == 1 else f"tables {listed(names)} {more}"
