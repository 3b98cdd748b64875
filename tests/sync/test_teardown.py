"""Taking down what setup has created, also with one server dead; run again, it has nothing to do."""

from __future__ import annotations

import pytest

from hotswap_tui.core.values import Role
from hotswap_tui.sync.errors import SyncError
from tests.sync.setup_world import finished, fresh, started

pytestmark = pytest.mark.thorough

NOTHING: dict[str, list[str]] = {"primary": [], "secondary": []}


@pytest.fixture(scope="module")
def _servers(clusters):
    with started(clusters) as servers:
        yield servers


@pytest.fixture
def world(_servers):
    with fresh(_servers) as world:
        yield world


def set_up(world, user="postgres", **options):
    with world.setup(user, **options) as setup:
        finished(setup)


@pytest.mark.parametrize(("user", "two_way"), [("postgres", True), ("ccfinapp", True), ("postgres", False)])
def test_all_of_it_goes_and_every_row_stays(world, user, two_way):
    world.allow()
    try:
        set_up(world, user, two_way=two_way)
        with world.teardown(user) as teardown:
            assert teardown.run(lambda _: None) == (10 if two_way else 5)
            assert list(teardown.left_behind()) == []
        assert world.objects() == NOTHING
        assert world.execute("secondary", "SELECT count(*) FROM transactions") == [(60,)]
        with world.teardown(user) as teardown:
            assert teardown.planned() == []
    finally:
        world.forbid()


def test_an_interruption_after_any_statement_is_followed_by_running_it_again(world):
    set_up(world, two_way=True)
    told = []

    def tell(statement):
        told.append(statement.shown)
        if len(told) % 2 == 0:
            raise KeyboardInterrupt

    for _ in range(9):
        with world.teardown() as teardown, pytest.raises(KeyboardInterrupt):
            teardown.run(tell)
    with world.teardown() as teardown:
        assert teardown.run(tell) == 1
    assert len(set(told)) == 10
    assert world.objects() == NOTHING


def test_a_dead_primary_keeps_its_slot_and_that_is_told(world):
    set_up(world)
    world.primary.crash()
    with world.teardown() as teardown:
        assert set(teardown.unreached) == {Role.PRIMARY}
        teardown.run(lambda _: None)
        left = list(teardown.left_behind())
    (undo,) = [undo for _, undo, _ in left if "pg_drop_replication_slot" in undo]
    assert f"WHERE slot_name = '{world.database}_sub' OR starts_with(slot_name::text, 'pg_" in undo
    assert any("fill" in why or "disk is full" in why for _, _, why in left)
    world.primary.start()
    assert world.objects() == {
        "primary": [f"publication {world.database}_pub", f"slot {world.database}_sub"],
        "secondary": [],
    }
    for statement in undo.rstrip(";").split(";"):
        world.execute("primary", statement)
    assert world.objects() == NOTHING


def test_a_copy_that_is_under_way_leaves_no_slot_of_a_table(world):
    world.on_both("CREATE TABLE wide (id int PRIMARY KEY, pad text)")
    world.execute("primary", "INSERT INTO wide SELECT n, repeat('x', 500) FROM generate_series(1, 50000) n")
    with world.setup() as setup:
        setup.examine()
        assert setup.advance(lambda _: None)
    with world.teardown() as teardown:
        teardown.run(lambda _: None)
    assert world.objects() == NOTHING


def test_without_any_server_nothing_can_be_said(world):
    for server in (world.primary, world.secondary):
        server.crash()
    with pytest.raises(SyncError, match="neither server can be reached"), world.teardown():
        pass
