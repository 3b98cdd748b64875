"""Setting up logical replication on real servers, one way and both, as superuser and as an ordinary role."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from hotswap_tui.dsn.secret import SecretStr
from hotswap_tui.sync.errors import SyncError
from tests.support.until import until_sync
from tests.sync.setup_world import ODD, connected, finished, fresh, started

pytestmark = pytest.mark.thorough

UNESCAPED = "q$$"
"""A piece of the odd password that no level of quoting changes."""
ROWS = "SELECT name FROM marker ORDER BY name"


@pytest.fixture(scope="module")
def _servers(clusters):
    with started(clusters) as servers:
        yield servers


@pytest.fixture
def world(_servers):
    with fresh(_servers) as world:
        yield world


@pytest.mark.parametrize("user", ["postgres", "ccfinapp"])
def test_one_way_copies_and_then_carries_every_write(world, user):
    if user == "ccfinapp":
        world.allow()
    try:
        with world.setup(user) as setup:
            run = finished(setup)
            assert finished(setup) == []
        assert world.objects() == world.whole()
        assert [s.role for s in run] == ["primary", "primary", "secondary"]
        assert ("FOR ALL TABLES" in run[0].shown) == (user == "postgres")
        world.execute("primary", "INSERT INTO marker VALUES ('later')")
        until_sync(lambda: world.execute("secondary", ROWS) == [("later",), ("primary",)])
        assert world.execute("secondary", "SELECT count(*) FROM transactions") == [(60,)]
    finally:
        world.forbid()


@pytest.mark.parametrize("user", ["postgres", "ccfinapp"])
def test_two_way_carries_rows_of_both_and_nothing_goes_round(world, user, request):
    """Also what either side writes while the first copy runs: every row is there once on both, whatever its table's turn was."""
    if user == "ccfinapp":
        world.allow()
        request.addfinalizer(world.forbid)  # a worker that starts late needs the rights, too
    world.on_both("CREATE TABLE wide (id text PRIMARY KEY, pad text)")
    world.on_both("ALTER TABLE wide OWNER TO ccfinapp")
    world.execute("primary", "INSERT INTO wide SELECT 'old' || n, repeat('x', 200) FROM generate_series(1, 20000) n")
    ended = threading.Event()
    counts = {"primary": 0, "secondary": 0}

    def write(role):
        with connected(world.server(role), world.database) as connection:
            while not ended.is_set():
                connection.execute("INSERT INTO wide VALUES (%s, '')", (f"{role}{counts[role]}",))
                counts[role] += 1

    writers = [threading.Thread(target=write, args=(role,)) for role in counts]
    try:
        with world.setup(user, two_way=True) as setup:
            assert not [r for r in setup.examine() if r.level.name == "PROBLEM"]
            for writer in writers[:1]:
                writer.start()
            # The secondary is written from the moment at which its way back has begun.
            while setup.advance(
                lambda s: writers[1].start() if f'"{world.database}_sub"' in s.shown and not writers[1].ident else None
            ):
                for _ in setup.watch():
                    pass
    finally:
        ended.set()
        for writer in writers:
            if writer.ident:
                writer.join()
    assert counts["primary"] > 0
    assert counts["secondary"] > 0
    world.execute("primary", "DELETE FROM wide WHERE id = 'old1'")
    world.execute("secondary", "INSERT INTO wide VALUES ('end', '')")
    wanted = [(20000 + sum(counts.values()),)]
    query = "SELECT count(*) FROM wide"
    until_sync(lambda: world.execute("primary", query) == world.execute("secondary", query) == wanted)
    assert world.objects() == world.whole(two_way=True)
    errors = "SELECT coalesce(sum(apply_error_count + sync_error_count), 0) FROM pg_stat_subscription_stats WHERE subname LIKE %s"
    for role in counts:
        with connected(world.server(role), world.database) as connection:
            assert connection.execute(errors, (f"{world.database}%",)).fetchone() == (0,)


def test_a_one_way_set_up_becomes_two_way(world):
    with world.setup() as setup:
        finished(setup)
    with world.setup(two_way=True) as setup:
        run = finished(setup)
    assert any("SET (origin = none)" in statement.shown for statement in run)
    assert world.objects() == world.whole(two_way=True)
    world.execute("secondary", "INSERT INTO marker VALUES ('back')")
    until_sync(lambda: world.execute("primary", ROWS) == [("back",), ("primary",)])


def test_without_a_copy_the_secondarys_rows_stay_as_they_are(world):
    world.execute("secondary", "INSERT INTO marker VALUES ('mine')")
    with world.setup(copy=False, two_way=True) as setup:
        finished(setup)
    world.execute("primary", "INSERT INTO marker VALUES ('later')")
    until_sync(lambda: world.execute("secondary", ROWS) == [("later",), ("mine",)])


@pytest.mark.parametrize("user", ["postgres", "ccfinapp"])
def test_a_new_table_joins_when_it_is_run_again(world, user):
    world.allow()
    try:
        with world.setup(user, two_way=True) as setup:
            finished(setup)
        world.on_both("CREATE TABLE fresh (id int PRIMARY KEY); ALTER TABLE fresh OWNER TO ccfinapp")
        world.execute("primary", "INSERT INTO fresh VALUES (1)")
        with world.setup(user, two_way=True) as setup:
            finished(setup)
        world.execute("secondary", "INSERT INTO fresh VALUES (2)")
        until_sync(lambda: world.execute("primary", "TABLE fresh ORDER BY id") == [(1,), (2,)])
        assert world.execute("secondary", "TABLE fresh ORDER BY id") == [(1,), (2,)]
    finally:
        world.forbid()


def test_a_publication_of_all_tables_leaves_a_migration_tools_out_without_a_gap(world):
    """The table comes after the first setup; rows are written all the time, and none is lost or copied anew."""
    with world.setup(two_way=True) as setup:
        assert "FOR ALL TABLES" in finished(setup)[0].shown
    world.on_both(
        "CREATE TABLE alembic_version (version_num text PRIMARY KEY); INSERT INTO alembic_version VALUES ('a')"
    )
    ended = threading.Event()
    count = 0

    def write():
        nonlocal count
        with connected(world.primary, world.database) as connection:
            while not ended.is_set():
                connection.execute("INSERT INTO marker VALUES (%s)", (f"row {count}",))
                count += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with world.setup(two_way=True) as setup:
            run = finished(setup)
            assert finished(setup) == []
    finally:
        ended.set()
        writer.join()
    assert [s.shown.partition(" FOR ")[0] for s in run[:2]] == [
        f'DROP PUBLICATION "{world.database}{infix}_pub"; CREATE PUBLICATION "{world.database}{infix}_pub"'
        for infix in ("", "_back")
    ]
    assert not [s.shown for s in run if "alembic" in s.shown]
    until_sync(lambda: world.execute("secondary", "SELECT count(*) FROM marker") == [(count + 1,)])
    world.execute("secondary", "INSERT INTO marker VALUES ('back')")
    until_sync(lambda: world.execute("primary", "SELECT count(*) FROM marker") == [(count + 2,)])


def test_a_table_listed_before_it_was_known_as_a_migration_tools_is_left_out(world):
    world.on_both("CREATE TABLE django_migrations (id int PRIMARY KEY)")
    world.execute("primary", f"CREATE PUBLICATION {world.database}_pub FOR TABLE django_migrations")
    with world.setup() as setup:
        shown = [statement.shown for statement in finished(setup)]
    assert f'ALTER PUBLICATION "{world.database}_pub" DROP TABLE "public"."django_migrations"' in shown


def test_a_database_without_tables_of_its_own_is_published_empty(world):
    world.allow()
    world.on_both("DROP TABLE users, accounts, transactions, budgets, marker, heartbeats CASCADE")
    try:
        with world.setup("ccfinapp") as setup:
            assert finished(setup)[0].shown == f'CREATE PUBLICATION "{world.database}_pub"'
    finally:
        world.forbid()


def test_an_interruption_after_any_statement_is_followed_by_running_it_again(world):
    """Each run does one statement and is ended before the next; moving the slot of the way back ahead is done once more."""
    told: list[str] = []
    for _ in range(30):
        begun = len(told)

        def tell(statement, begun=begun):
            skipped = [shown for shown in told[begun:] if "slot_advance" not in shown]
            if skipped:
                raise KeyboardInterrupt
            told.append(statement.shown)

        with world.setup(two_way=True) as setup:
            setup.examine()
            with suppress(KeyboardInterrupt):
                while setup.advance(tell):
                    for _ in setup.watch():
                        pass
                break
    assert len([shown for shown in told if "slot_advance" not in shown]) == 8
    assert world.objects() == world.whole(two_way=True)
    world.execute("secondary", "INSERT INTO marker VALUES ('back')")
    until_sync(lambda: world.execute("primary", ROWS) == [("back",), ("primary",)])


def test_what_was_done_to_the_secondary_before_its_copy_is_not_done_to_the_primary(world):
    """A setup that was interrupted keeps the way back's slot; the tables are emptied by hand before it is run again."""
    told = []

    def tell(statement):
        told.append(statement)
        if statement.shown.endswith(f'"{world.database}_sub" ENABLE'):
            raise KeyboardInterrupt

    with world.setup(two_way=True) as setup:
        setup.examine()
        with pytest.raises(KeyboardInterrupt):
            setup.advance(tell)
    world.execute("secondary", "INSERT INTO marker VALUES ('in the way'); TRUNCATE marker, transactions")
    with world.setup(two_way=True) as setup:
        finished(setup)
    world.execute("secondary", "INSERT INTO marker VALUES ('back')")
    until_sync(lambda: world.execute("primary", ROWS) == [("back",), ("primary",)])
    assert world.execute("primary", "SELECT count(*) FROM transactions") == [(60,)]


@pytest.mark.parametrize("later", [False, True], ids=["first", "new table"])
def test_rows_that_come_between_the_look_and_the_way_back_are_told(world, later):
    """They are not in the slot, so they would be on the secondary alone for ever; a person may take minutes to answer."""
    if later:
        with world.setup(two_way=True) as setup:
            finished(setup)
    world.on_both("CREATE TABLE late (id int PRIMARY KEY)")
    world.execute("primary", "INSERT INTO late VALUES (10)")
    with world.setup(two_way=True) as setup:
        setup.examine()
        world.execute("secondary", "INSERT INTO late VALUES (1)")
        with pytest.raises(
            SyncError, match=r"table public\.late has rows already, written since .* TRUNCATE .*sync teardown"
        ):
            setup.advance(lambda _: None)
    with world.setup(two_way=True) as setup:
        assert "public.late has rows" in " ".join(r.text for r in setup.examine() if r.level.name == "PROBLEM")
    world.execute("secondary", "TRUNCATE late")
    with world.setup(two_way=True) as setup:
        finished(setup)
    world.execute("secondary", "INSERT INTO late VALUES (2)")
    until_sync(lambda: world.execute("primary", "TABLE late ORDER BY id") == [(2,), (10,)])
    assert world.execute("secondary", "TABLE late ORDER BY id") == [(2,), (10,)]


def test_emptying_what_is_taken_back_already_is_not_advised(world):
    """An interrupted setup may have the primary take a table that is still to be copied: a TRUNCATE would arrive there."""
    with world.setup(two_way=True) as setup:
        finished(setup)
    world.on_both("CREATE TABLE late (id int PRIMARY KEY)")

    def tell(statement):
        if statement.shown.endswith("DISABLE"):
            raise KeyboardInterrupt

    with world.setup(two_way=True) as setup:
        setup.examine()
        with pytest.raises(KeyboardInterrupt):
            setup.advance(tell)
    world.execute("secondary", "INSERT INTO late VALUES (1)")
    with world.setup(two_way=True) as setup:
        (problem,) = [r for r in setup.examine() if r.level.name == "PROBLEM"]
    assert problem.fix.startswith("do not empty them now, that would empty the primary's, too")


def test_looking_and_planning_change_nothing(world):
    with world.setup(two_way=True) as setup:
        setup.examine()
        assert len(setup.planned()) == 8
    assert world.objects() == {"primary": [], "secondary": []}


@pytest.mark.parametrize("rights", ["SUPERUSER", "REPLICATION IN ROLE pg_create_subscription, ccfinapp"])
def test_an_odd_password_works_and_is_seen_nowhere(world, rights):
    world.on_both(
        f"DO $d$ BEGIN EXECUTE format('CREATE ROLE odd LOGIN {rights} PASSWORD %L', '{ODD.replace(chr(39), chr(39) * 2)}'); END $d$"
    )
    world.on_both("ALTER SYSTEM SET log_statement = 'ddl'; ")
    world.on_both("SELECT pg_reload_conf()")
    try:
        with world.setup("odd", two_way=True) as setup:
            run = finished(setup)
            shown = [repr(s) + s.shown for s in run] + [repr(setup.planned())]
        with world.setup("odd") as setup:
            setup.examine()
            assert setup.planned() == []
        activity = "SELECT query FROM pg_stat_activity"
        texts = [*shown, *(q for role in ("primary", "secondary") for (q,) in world.execute(role, activity))]
        texts += [world.server(role).log.read_text() for role in ("primary", "secondary")]
        assert not [text for text in texts if UNESCAPED in text]
    finally:
        with world.teardown("odd") as teardown:
            teardown.run(lambda _: None)
        world.on_both("ALTER SYSTEM RESET log_statement")
        world.on_both("SELECT pg_reload_conf()")
        world.on_both("DROP ROLE IF EXISTS odd")


def test_a_changed_password_is_taken_over(world):
    with world.setup() as setup:
        finished(setup)
    with world.setup() as setup:
        setup.examine()
        assert setup.planned() == []
    world.execute(
        "secondary",
        f"ALTER SUBSCRIPTION {world.database}_sub CONNECTION 'host=127.0.0.1 port=1 dbname=x user=y password=z'",
    )
    with world.setup() as setup:
        (statement,) = finished(setup)
    assert statement.shown.startswith(f'ALTER SUBSCRIPTION "{world.database}_sub" CONNECTION ')
    world.execute("primary", "INSERT INTO marker VALUES ('later')")
    until_sync(lambda: world.execute("secondary", ROWS) == [("later",), ("primary",)])


def test_a_copy_that_cannot_succeed_is_told_instead_of_waited_for(world):
    with world.setup() as setup:
        setup.examine()
        world.execute("secondary", "INSERT INTO marker VALUES ('primary')")
        assert setup.advance(lambda _: None)
        with pytest.raises(SyncError, match=r"the copy fails again and again .*public\.marker.*sync teardown"):
            for _ in setup.watch():
                pass


def test_a_server_that_goes_in_the_middle_is_told_with_what_was_done(world):
    def tell(statement):
        if "CREATE SUBSCRIPTION" in statement.shown:
            world.secondary.crash()

    with world.setup() as setup:
        setup.examine()
        with pytest.raises(SyncError, match="2 statements have been run; run the same command again"):
            setup.advance(tell)
    world.secondary.start()
    with world.setup() as setup:
        finished(setup)
    assert world.objects() == world.whole()


def test_who_comes_by_another_role_must_read_every_table(world):
    world.execute("primary", "CREATE ROLE copier LOGIN REPLICATION PASSWORD 'copier'")
    route = replace(world.dsn("primary"), user="copier", password=SecretStr("copier"))
    try:
        with world.setup(from_secondary=route) as setup:
            (problem,) = [r for r in setup.examine() if r.level.name == "PROBLEM"]
        assert problem.text.startswith("role copier, by which the secondary comes, may not read public.accounts, ")
        world.execute("primary", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO copier")
        with world.setup(from_secondary=route) as setup:
            finished(setup)
        assert world.execute("secondary", ROWS) == [("primary",)]
    finally:
        with world.teardown() as teardown:
            teardown.run(lambda _: None)
        world.execute("primary", "DROP OWNED BY copier; DROP ROLE copier")
