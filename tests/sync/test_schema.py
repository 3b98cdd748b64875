"""Every kind of change is found on real databases, named and readable; what does not count is not."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest

from hotswap_tui.dsn import parse
from hotswap_tui.probes.inspection import PostgresInspection
from hotswap_tui.sync.schema.catalogue import fingerprint, read_catalogue
from hotswap_tui.sync.schema.compare import differences, drift
from hotswap_tui.sync.schema.schema_pair import compared
from tests.sync.schema_base import BASE
from tests.sync.schema_changes import CHANGES
from tests.sync.schema_uncounted import UNCOUNTED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

pytestmark = pytest.mark.thorough

SOON_S = 30.0


class Twins:
    """Two databases on one server, made of one template; statements run as the role that owns them."""

    def __init__(self, server) -> None:
        self.server = server
        self.admin = psycopg.connect(server.superuser_url, autocommit=True)
        self.made: list[str] = []
        self.database("base", "template0")
        self.run("base", BASE)

    def database(self, name, template):
        self.admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER ccfinapp')
        self.made.append(name)

    def pair(self, number):
        names = (f"one{number}", f"other{number}")
        for name in names:
            self.database(name, "base")
        return names

    def url(self, name, *, superuser=False):
        url = self.server.superuser_url if superuser else self.server.url
        return url.rpartition("/")[0] + "/" + name

    def run(self, name, statements, *, superuser=False):
        with psycopg.connect(self.url(name, superuser=superuser), autocommit=True) as connection:
            connection.execute(statements)

    async def compared(self, names):
        return await compared(*(parse(self.url(name)) for name in names))


@pytest.fixture(scope="module")
def twins(clusters) -> Iterator[Twins]:
    server = clusters.make(settings={"max_connections": 40})
    try:
        server.start()
        twins = Twins(server)
        yield twins
        twins.admin.close()
    finally:
        server.remove()


@pytest.fixture(scope="module")
def names(twins):
    return twins.pair("shared")


@pytest.fixture(scope="module")
def alike(twins, names):
    """Give the schema of the database that nothing is done to, and its hash."""

    async def read():
        async with reading(twins.url(names[1])) as inspection:
            return await read_catalogue(inspection, SOON_S), await fingerprint(inspection, SOON_S)

    return asyncio.run(read())


@pytest.fixture(scope="module")
def doing(twins, names):
    """Give a connection of the owner, and one of the superuser, to the database that is changed."""
    urls = [twins.url(names[0], superuser=superuser) for superuser in (False, True)]
    with psycopg.connect(urls[0], autocommit=True) as owner, psycopg.connect(urls[1], autocommit=True) as superuser:
        yield owner, superuser


@asynccontextmanager
async def reading(url) -> AsyncIterator[PostgresInspection]:
    inspection = PostgresInspection(parse(url))
    try:
        yield inspection
    finally:
        await inspection.aclose()


def check(found, expected):
    assert [(d.kind, d.name) for d in found] == [(kind, name) for kind, name, _ in expected], list(map(str, found))
    for difference, (_, _, line) in zip(found, expected, strict=True):
        assert line in str(difference)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.label)
async def test_a_change_is_found_from_either_side_and_gone_when_undone(twins, names, alike, doing, change):
    before, hashed = alike
    connection = doing[change.superuser]
    async with reading(twins.url(names[0])) as inspection:
        connection.execute(change.make)
        try:
            after = await read_catalogue(inspection, SOON_S)
            assert await fingerprint(inspection, SOON_S) != hashed
        finally:
            connection.execute(change.undo)
        check(differences(after, before), change.found)
        check(differences(before, after), change.mirrored())
        assert differences(await read_catalogue(inspection, SOON_S), before) == ()
        assert await fingerprint(inspection, SOON_S) == hashed


@pytest.mark.parametrize("change", UNCOUNTED, ids=lambda change: change.label)
async def test_what_does_not_count_is_not_found(twins, change):
    names = twins.pair(f"un{UNCOUNTED.index(change)}")
    twins.run(names[change.side], change.make, superuser=change.superuser)
    assert list(map(str, await twins.compared(names))) == []


async def test_hostile_names_are_quoted_and_cleaned(twins):
    names = twins.pair("hostile")
    twins.run(
        names[0],
        'CREATE TABLE "we.ird"(); CREATE TABLE "Größe\x1b[31m\n\u202equ""oted" ("spa ce\t" int, "\\N" text); '
        "CREATE TABLE tabbed (a text DEFAULT E'\\t\\n\\\\.');",
    )
    found = await twins.compared(names)
    assert sorted(d.name for d in found) == [
        'public."Größe qu""oted"',
        'public."we.ird"',
        "public.tabbed",
    ]
    assert all(line.isprintable() for line in map(str, found))


@pytest.mark.parametrize(
    "settings",
    [
        {"search_path": "app, public"},
        {"search_path": "''", "quote_all_identifiers": "on"},
        {"TimeZone": "'Asia/Kolkata'", "DateStyle": "'German, DMY'", "IntervalStyle": "iso_8601"},
        {"standard_conforming_strings": "off", "bytea_output": "escape", "extra_float_digits": "0"},
    ],
    ids=lambda settings: next(iter(settings)),
)
async def test_settings_of_a_database_change_nothing(twins, settings):
    names = twins.pair("set" + next(iter(settings)) + settings[next(iter(settings))][:3].strip("'"))
    twins.run(
        names[0],
        "".join(f'ALTER DATABASE "{names[0]}" SET {name} = {value};' for name, value in settings.items()),
    )
    assert list(map(str, await twins.compared(names))) == []


async def test_the_fingerprint_changes_with_the_schema_and_with_nothing_else(twins):
    names = twins.pair("print")
    inspection = PostgresInspection(parse(twins.url(names[0])))
    before = await fingerprint(inspection, SOON_S)
    twins.run(names[0], "INSERT INTO users (email) VALUES ('a'); ANALYZE; SELECT nextval('counter')")
    assert await fingerprint(inspection, SOON_S) == before
    twins.run(names[0], "ALTER TABLE users ADD more text")
    assert await fingerprint(inspection, SOON_S) != before
    await inspection.aclose()


async def test_a_role_without_rights_reads_everything(twins):
    names = twins.pair("closed")
    for name in names:
        twins.run(
            name,
            "CREATE SCHEMA vault; CREATE TABLE vault.keys (id int PRIMARY KEY, v text DEFAULT md5('x')); "
            "CREATE VIEW vault.seen AS SELECT id FROM vault.keys; CREATE FUNCTION vault.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; "
            "REVOKE ALL ON SCHEMA vault FROM public",
            superuser=True,
        )
    twins.run(names[1], "ALTER TABLE vault.keys ADD secret text", superuser=True)
    assert [str(d) for d in await twins.compared(names)] == ["- only on secondary: column vault.keys.secret"]


async def test_the_drift_carries_ten_examples_and_the_whole_count(twins):
    names = twins.pair("drift")
    twins.run(names[1], "".join(f"CREATE TABLE extra{n:02} ();" for n in range(12)))
    shown = drift(await twins.compared(names), 7.0)
    assert (shown.differences, len(shown.examples), shown.read_s) == (12, 10, 7.0)
    assert shown.examples[0] == "- only on secondary: table public.extra00"


async def test_five_hundred_tables_that_are_alike(twins, record_property):
    """The time is told, not judged; the catalogues are read whole, as they are where the fingerprints differ."""
    names = twins.pair("many")
    statements = "".join(
        f"CREATE TABLE t{n} (id bigserial PRIMARY KEY, a text NOT NULL DEFAULT 'x', b int CHECK (b > {n}), "
        f"c timestamptz DEFAULT now(), r bigint {f'REFERENCES t{n - 1}' if n else ''}); CREATE INDEX ON t{n} (a, b); "
        f"CREATE VIEW v{n} AS SELECT a, count(*) AS many FROM t{n} GROUP BY a;"
        for n in range(500)
    )
    for name in names:
        twins.run(name, f"BEGIN; SET synchronous_commit = off; {statements} COMMIT")
    begun_s = time.perf_counter()
    assert await twins.compared(names) == ()
    hashed_s = time.perf_counter() - begun_s
    pair = [PostgresInspection(parse(twins.url(name))) for name in names]
    catalogues = [await read_catalogue(one, SOON_S) for one in pair]
    assert differences(*catalogues) == ()
    whole_s = time.perf_counter() - begun_s - hashed_s
    assert len(catalogues[0].items) > 6000
    for one in pair:
        await one.aclose()
    record_property("seconds", f"{hashed_s:.2f} by hash, {whole_s:.2f} whole")
    print(f"500 tables: {hashed_s:.2f} s by hash, {whole_s:.2f} s whole")
