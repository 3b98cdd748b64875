"""Dumps, restores and copies between two real servers."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path

import psycopg
import pytest

from hotswap_tui.dsn import parse
from hotswap_tui.sync.connecting import secrets_of
from hotswap_tui.sync.dumps import dump as dumping
from hotswap_tui.sync.dumps.client_tools import choose_for_dump
from hotswap_tui.sync.dumps.copy import copy
from hotswap_tui.sync.dumps.dump import Wanted, dump_to_file
from hotswap_tui.sync.dumps.dump_source import Source
from hotswap_tui.sync.dumps.encryption import Cipher, Method
from hotswap_tui.sync.dumps.restore import read_archive, restore
from hotswap_tui.sync.dumps.restore_target import look_at
from hotswap_tui.sync.errors import SyncError
from tests.support.until import until_sync

pytestmark = pytest.mark.thorough

OBJECTS = """
CREATE TYPE mood AS ENUM ('sad', 'fine');
CREATE SCHEMA "Odd ""one";
CREATE TABLE "Odd ""one"."T;--" (id serial PRIMARY KEY, feeling mood, body text);
INSERT INTO "Odd ""one"."T;--" (feeling, body) SELECT 'fine', repeat('x', 20) FROM generate_series(1, 500);
CREATE TABLE parts (id int PRIMARY KEY, feeling mood DEFAULT 'sad') PARTITION BY RANGE (id);
CREATE INDEX ON parts (feeling);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100) PARTITION BY RANGE (id);
CREATE TABLE parts_1_1 PARTITION OF parts_1 DEFAULT;
CREATE TABLE "of parts" (id int PRIMARY KEY REFERENCES parts, double int GENERATED ALWAYS AS (id * 2) STORED)
    PARTITION BY HASH (id);
CREATE TABLE "part of parts" PARTITION OF "of parts" FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE VIEW felt AS SELECT feeling, count(*) FROM parts JOIN "of parts" USING (id) GROUP BY feeling;
INSERT INTO parts SELECT generate_series(1, 50);
INSERT INTO "of parts" VALUES (1);
CREATE TABLE hen (id int PRIMARY KEY);
CREATE TABLE egg (id int PRIMARY KEY, hen_id int REFERENCES hen DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE hen ADD egg_id int REFERENCES egg DEFERRABLE INITIALLY DEFERRED;
INSERT INTO egg VALUES (1, NULL);
INSERT INTO hen VALUES (1, 1);
UPDATE egg SET hen_id = 1;
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.body := upper(NEW.body); RETURN NEW; END$$;
CREATE TRIGGER loud BEFORE INSERT ON "Odd ""one"."T;--" FOR EACH ROW EXECUTE FUNCTION shout();
CREATE VIEW richest AS SELECT name, balance_cents FROM accounts ORDER BY balance_cents DESC LIMIT 1;
CREATE MATERIALIZED VIEW totals AS SELECT account_id, sum(amount_cents) FROM transactions GROUP BY account_id;
SELECT lo_from_bytea(0, 'large');
"""
ROWS = 3 + 3 + 0 + 1 + 60 + 2 + 500 + 50 + 1 + 1 + 1


def quiet(_moved):
    """Show nothing."""


@pytest.fixture(scope="module")
def servers(clusters):
    with ExitStack() as stack:
        pair = []
        for name in ("primary", "secondary"):
            server = clusters.make(name, wal_level="logical")
            stack.callback(server.remove)
            server.start()
            pair.append(server)
        yield pair


NUMBERS = count()


@pytest.fixture
def fresh(servers):
    """Make databases that belong to the application: of the demo's schema, or empty."""

    def make(which, template="cc_financial", script=""):
        name = f"case_{next(NUMBERS)}"
        server = servers[which]
        with psycopg.connect(server.superuser_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER ccfinapp")
        url = server.url.replace("/cc_financial", f"/{name}")
        if script:
            run(url, script)
        return url

    return make


def run(url, statement):
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def everything(url):
    """Return what stands in a database, sequences and all, as text."""
    return [
        run(url, 'SELECT id, feeling, body FROM "Odd ""one"."T;--" ORDER BY id'),
        run(url, 'SELECT last_value, is_called FROM "Odd ""one"."T;--_id_seq"'),
        run(url, "SELECT last_value, is_called FROM transactions_id_seq"),
        run(url, "SELECT * FROM transactions ORDER BY id"),
        run(url, "SELECT * FROM parts ORDER BY id"),
        run(url, 'SELECT * FROM "of parts", hen, egg, felt'),
        run(url, "SELECT inhrelid::regclass::text, inhparent::regclass::text FROM pg_inherits ORDER BY 1"),
        run(url, "SELECT * FROM totals ORDER BY 1"),
        run(url, "SELECT * FROM richest"),
        run(url, "SELECT lo_get(oid) FROM pg_largeobject_metadata"),
        run(url, "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"),
        run(url, "SELECT conname FROM pg_constraint WHERE contype = 'f' ORDER BY 1"),
    ]


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "key"
    path.touch(mode=0o600)
    path.write_text("a pass phrase\n")
    return path


def load(path, url, key_file=None, *, clean=False):
    archive = read_archive(path, key_file, quiet)
    dsn = parse(url)
    return restore(archive, dsn, look_at(dsn), quiet, clean=clean)


@pytest.mark.parametrize(
    "method",
    [
        None,
        Method.OPENSSL,
        pytest.param(Method.AGE, marks=pytest.mark.skipif(shutil.which("age") is None, reason="age is not installed")),
    ],
)
def test_what_was_dumped_is_what_is_restored(fresh, tmp_path, key, method):
    """Tables, sequences, triggers, foreign keys, partitions, views, large objects: into an empty database, and over a full one."""
    if method is Method.AGE:
        key.unlink()
        subprocess.run(["age-keygen", "-o", str(key)], check=True, capture_output=True)
    source, target = fresh(0, script=OBJECTS), fresh(1, "template0")
    path = tmp_path / "a.dump"
    dumped = dump_to_file(Wanted(parse(source), Cipher(method, key) if method else None), path, quiet)
    assert dumped.rows == ROWS
    assert dumped.bytes == path.stat().st_size
    manifest = path.with_name("a.dump.json")
    assert {each.stat().st_mode & 0o777 for each in (path, manifest)} == {0o600}
    assert json.loads(manifest.read_text())["encryption"] == (method.value if method else None)
    before = everything(source)
    for clean in (False, True):
        if clean:
            run(
                target, "DELETE FROM transactions; INSERT INTO parts VALUES (77); SELECT nextval('transactions_id_seq')"
            )
        done = load(path, target, key, clean=clean)
        assert (done.rows, done.differences) == (ROWS, ())
        assert everything(target) == before
    assert run(target, "SELECT count(*) > 0 FROM pg_stats WHERE tablename = 'transactions'") == [(True,)]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.dump", "a.dump.json", "key"]


def test_a_copy_is_one_moment_of_a_source_that_goes_on(fresh):
    """Rows that come while it runs are in neither the copy nor the count."""
    source, target = fresh(0, script=OBJECTS), fresh(1)
    told = []

    def write_on(moved):
        told.append(moved.stage)
        run(source, "INSERT INTO heartbeats (client, beats) SELECT coalesce(max(client), 0) + 1, 1 FROM heartbeats")

    done = copy(parse(source), parse(target), look_at(parse(target)), write_on, clean=True)
    assert (done.rows, done.differences) == (ROWS, ())
    assert {"copying", "building indexes", "comparing rows"} <= set(told)
    assert run(target, "SELECT count(*) FROM heartbeats") == [(0,)]
    assert run(source, "SELECT count(*) > 0 FROM heartbeats") == [(True,)]


def test_a_schema_only_dump_has_no_rows(fresh, tmp_path):
    source, target = fresh(0), fresh(1, "template0")
    dump_to_file(Wanted(parse(source), schema_only=True), tmp_path / "s", quiet)
    assert load(tmp_path / "s", target).expected is None
    assert run(target, "SELECT count(*) FROM transactions") == [(0,)]


@pytest.mark.parametrize("how", ["restore", "copy"])
def test_a_target_is_as_it_was_when_something_in_the_dump_cannot_be_loaded(fresh, tmp_path, how):
    """All or nothing: another's view needs a table that the dump replaces."""
    source, target = fresh(0), fresh(1)
    run(
        target,
        "CREATE SCHEMA mine; CREATE VIEW mine.needs AS SELECT * FROM users; DELETE FROM transactions WHERE id > 7",
    )
    dsn = parse(target)
    dump_to_file(Wanted(parse(source)), tmp_path / "d", quiet)
    work = {
        "copy": lambda: copy(parse(source), dsn, look_at(dsn), quiet, clean=True),
        "restore": lambda: load(tmp_path / "d", target, clean=True),
    }
    with pytest.raises(SyncError) as raised:
        work[how]()
    assert "cannot drop table public.users because other objects depend on it" in str(raised.value)
    assert run(target, "SELECT count(*), (SELECT count(*) FROM mine.needs) FROM transactions") == [(7, 2)]


def test_rows_that_a_rule_of_the_target_changes_are_found(fresh, tmp_path, monkeypatch):
    source, target = fresh(0), fresh(1, "template0")
    dump_to_file(Wanted(parse(source)), tmp_path / "d", quiet)
    manifest = tmp_path / "d.json"
    fields = json.loads(manifest.read_text())
    next(each for each in fields["tables"] if each["table"] == "users")["rows"] = 5
    fields["tables"].append({"schema": "public", "table": "never", "rows": 1})
    manifest.write_text(json.dumps(fields))
    assert [str(each) for each in load(tmp_path / "d", target).differences] == [
        "public.users: 5 rows were dumped, 2 are there",
        "public.never: 1 rows were dumped, the table is not there",
    ]


@pytest.mark.parametrize("damage", ["cut", "changed", "another's manifest"])
def test_a_damaged_dump_is_refused_before_anything_is_touched(fresh, tmp_path, damage):
    path = tmp_path / "d"
    dump_to_file(Wanted(parse(fresh(0))), path, quiet)
    data = path.read_bytes()
    if damage == "another's manifest":
        dump_to_file(Wanted(parse(fresh(0)), schema_only=True), tmp_path / "e", quiet)
        (tmp_path / "e.json").replace(tmp_path / "d.json")
    else:
        path.write_bytes(data[:-100] if damage == "cut" else data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    with pytest.raises(SyncError, match="is damaged"):
        read_archive(path, None, quiet)


def test_a_cut_dump_without_its_manifest_changes_nothing(fresh, tmp_path):
    """pg_restore meets the end too early, and its transaction is rolled back."""
    path, target = tmp_path / "d", fresh(1)
    dump_to_file(Wanted(parse(fresh(0))), path, quiet)
    path.with_name("d.json").unlink()
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(SyncError, match="pg_restore: "):
        load(path, target, clean=True)
    assert run(target, "SELECT count(*) FROM transactions") == [(60,)]


def test_a_wrong_key_and_a_forgotten_one_are_named(fresh, tmp_path, key):
    path = tmp_path / "d"
    dump_to_file(Wanted(parse(fresh(0)), Cipher(Method.OPENSSL, key)), path, quiet)
    assert not path.read_bytes().startswith(b"PGDMP")
    with pytest.raises(SyncError, match="encrypted with openssl; name the file with the key"):
        read_archive(path, None, quiet)
    key.write_text("another\n")
    with pytest.raises(SyncError, match="cannot be decrypted with"):
        read_archive(path, key, quiet)


def test_an_existing_file_stays_unless_it_is_to_be_replaced(fresh, tmp_path):
    path, dsn = tmp_path / "d", parse(fresh(0))
    path.write_text("old")
    with pytest.raises(SyncError, match="--replace replaces it"):
        dump_to_file(Wanted(dsn), path, quiet)
    assert path.read_text() == "old"
    dump_to_file(Wanted(dsn, replace=True), path, quiet)
    assert path.read_bytes().startswith(b"PGDMP")
    assert read_archive(path, None, quiet).manifest


def test_a_file_that_appears_meanwhile_is_not_overwritten(fresh, tmp_path):
    path = tmp_path / "d"
    with pytest.raises(SyncError, match="is there already"):
        dump_to_file(Wanted(parse(fresh(0))), path, lambda _moved: path.write_text("theirs"))
    assert [each.name for each in tmp_path.iterdir()] == ["d"]
    assert path.read_text() == "theirs"


def test_a_full_disk_leaves_no_file_and_says_how_far_it_came(fresh, tmp_path):
    """A limit on the size of files stands for the disk's end: the same error, at the same call."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(SyncError, match=r"File too large after 4\.0 kB; make room in"):
            dump_to_file(Wanted(parse(fresh(0))), tmp_path / "d", quiet)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("program", ["pg_dump", "openssl"])
def test_a_program_that_dies_leaves_no_file(fresh, tmp_path, key, program, monkeypatch):
    """SIGKILL, as the kernel sends where memory runs out, while pg_dump waits for a lock."""
    url = fresh(0)

    def kill(_moved):
        for pid in children(program):
            os.kill(pid, 9)

    with psycopg.connect(url) as blocker:

        def lock(*arguments):
            blocker.execute("LOCK TABLE transactions")
            return choose_for_dump(*arguments)

        monkeypatch.setattr(dumping, "choose_for_dump", lock)
        monkeypatch.setattr(Source, "begin_count", lambda _self: None)
        with pytest.raises(SyncError, match=f"{program}: it was ended by SIGKILL"):
            dump_to_file(Wanted(parse(url), Cipher(Method.OPENSSL, key)), tmp_path / "d", kill)
    assert [each.name for each in tmp_path.iterdir()] == ["key"]
    assert children("pg_dump") == children("openssl") == []


def children(program):
    """Return this process's children of that name."""
    found = []
    for each in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = each.read_text().rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if words[0].endswith(f"({program}") and int(words[2].split()[1]) == os.getpid() and words[2].split()[0] != "Z":
            found.append(int(each.parent.name))
    return found


def test_no_secret_is_on_a_command_line_or_in_an_environment(fresh, tmp_path, key):
    source, target = fresh(0), fresh(1)
    seen = {}

    def look(_moved):
        for program in ("pg_dump", "pg_restore", "openssl"):
            for pid in children(program):
                place = Path("/proc", str(pid))
                with suppress(OSError):  # it may just have ended
                    seen[program] = place.joinpath("cmdline").read_bytes() + place.joinpath("environ").read_bytes()

    dump_to_file(Wanted(parse(source), Cipher(Method.OPENSSL, key)), tmp_path / "d", look)
    copy(parse(source), parse(target), look_at(parse(target)), look, clean=True)
    secrets = [secret.encode() for secret in secrets_of((parse(source), parse(target)))] + [b"a pass phrase"]
    assert {"pg_dump", "openssl"} <= set(seen) or "pg_restore" in seen
    assert not [program for program, told in seen.items() for secret in secrets if secret in told]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (
            "CREATE SUBSCRIPTION s_{0} CONNECTION 'host=none' PUBLICATION p WITH (connect = false)",
            "its subscription s_{0} would write",
        ),
        (
            "CREATE PUBLICATION p FOR ALL TABLES; SELECT pg_create_logical_replication_slot('slot_{0}', 'pgoutput')",
            "its publication p would send everything on",
        ),
    ],
)
def test_a_target_that_replicates_is_refused(fresh, servers, script, words):
    url = fresh(1)
    name = url.rpartition("/")[2]
    for statement in script.format(name).split("; "):
        run(servers[1].superuser_url.replace("/cc_financial", f"/{name}"), statement)
    assert words.format(name) in look_at(parse(url)).obstacle()


def test_a_copy_onto_itself_is_refused(fresh):
    url = fresh(0)
    again = parse(url.replace("127.0.0.1", "localhost") + "?options=-c%20TimeZone%3DAsia/Tokyo")
    with pytest.raises(SyncError, match="lead to the same database"):
        copy(parse(url), again, look_at(again), quiet, clean=True)
    assert run(url, "SELECT count(*) FROM transactions") == [(60,)]


def test_a_standby_can_be_dumped_and_not_loaded(servers, make_standby, tmp_path):
    standby = make_standby(servers[0])
    until_sync(lambda: run(standby.url, "SELECT count(*) FROM transactions") == [(60,)])
    assert dump_to_file(Wanted(parse(standby.url)), tmp_path / "d", quiet).rows == 69
    assert "in recovery" in look_at(parse(standby.url)).obstacle()
