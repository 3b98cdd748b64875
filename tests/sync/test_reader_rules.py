"""What a look makes of what it is told: versions, positions, moments, rates."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from hotswap_tui.core.sync import SchemaDrift
from hotswap_tui.core.values import Role
from hotswap_tui.sync.look import contents, questions, slots
from hotswap_tui.sync.look.facts import Facts, HeldSlot, Server, Subscription
from hotswap_tui.sync.look.flows import Ends, flow
from hotswap_tui.sync.look.measuring import Measured, Sample, measure
from hotswap_tui.sync.look.relation import Link, Method
from hotswap_tui.sync.look.rows import Table, Tables, estimates, not_carried, write_rate
from hotswap_tui.sync.look.trail import Trail
from hotswap_tui.sync.quoting import identifier, literal
from hotswap_tui.sync.schema.catalogue import Catalogue, Item, Key

SERVER = Server(180000, False, 1, 5, "app", "127.0.0.1", True, None)
SLOT = HeldSlot("s", "pgoutput", "app", True, 1000, 2000, "reserved", None)
OWN = Subscription(16400, "s", "s", True, True, False, ("p",), 0, 2000, ())
FACTS = Facts(10.0, SERVER, "7", 5000, slots=(SLOT,))
TARGET = replace(FACTS, slots=(), subscriptions=(OWN,), identifier="8")
LINK = Link(Role.PRIMARY, Method.LOGICAL, "s", "s", OWN)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("plain", "'plain'"),
        ("it's", "'it''s'"),
        ("back\\slash", " E'back\\\\slash'"),
        ("line\n", " E'line\\012'"),
        ("\x7f'", " E'\\177'''"),
        ("ö; --", "'ö; --'"),
    ],
)
def test_a_literal_is_one_line_and_ends_where_it_should(text, quoted):
    assert literal(text) == quoted


def test_names_are_quoted_and_no_name_is_refused():
    assert identifier('a"b') == '"a""b"'
    for wrong in ("", "a\0b"):
        with pytest.raises(ValueError, match=r"character|zero"):
            identifier(wrong)


@pytest.mark.parametrize(
    ("version", "there", "not_there"),
    [
        (130022, ("w.subname = s.subname",), ("s.oid", "suborigin", "leader_pid", "subscription_stats")),
        (140011, ("w.subid = s.oid",), ("suborigin", "leader_pid", "subscription_stats")),
        (150006, ("w.subid = s.oid", "subscription_stats"), ("suborigin", "leader_pid")),
        (160000, ("suborigin", "leader_pid", "subscription_stats"), ()),
        (180000, ("suborigin", "leader_pid", "subscription_stats"), ()),
    ],
)
def test_nothing_is_asked_that_a_version_lacks(version, there, not_there):
    text = questions.facts(replace(SERVER, version=version, tells_identifier=False))
    assert all(part in text for part in there)
    assert not any(part in text for part in (*not_there, "pg_control_system"))


def test_a_trail_tells_since_when_a_position_is_out_of_date():
    trail = Trail()
    for at_s, position in ((1.0, 100), (2.0, 100), (3.0, 200), (4.0, 300)):
        trail.add(at_s, position)
    assert [trail.since_s(at) for at in (99, 100, 199, 250, 999)] == [None, 2.0, 2.0, 3.0, 4.0]
    trail.add(5.0, 50)  # restored from a backup
    assert [trail.since_s(at) for at in (49, 999)] == [None, 5.0]


def test_a_trail_keeps_a_day_and_no_more():
    trail = Trail()
    for number in range(10_000):
        trail.add(float(number), number)
    assert trail.since_s(0) == 0.0
    assert trail.since_s(9_999) == 9_999.0
    assert len(trail._positions) <= 2049


def samples(*arrived, position=100):
    answers = iter(arrived)

    async def ask():
        now_s = asyncio.get_running_loop().time()
        return Sample(now_s, now_s + 0.001, position, next(answers))

    return ask


async def test_the_lag_is_the_time_until_the_first_position_has_arrived():
    found = await measure(samples(50, 80, 100), Trail(), alive=True)
    assert found.lag_bytes == 0
    assert found.lag_s is not None
    assert 0.1 <= found.lag_s < 5.0


@pytest.mark.parametrize(("known", "bounded"), [((), False), (((-60.0, 40),), True)])
async def test_what_does_not_arrive_is_bounded_by_what_was_seen_before(known, bounded):
    """Without any former look nobody knows; the bytes are known in any case."""
    trail = Trail()
    begun_s = asyncio.get_running_loop().time()
    for at_s, position in known:
        trail.add(begun_s + at_s, position)
    found = await measure(samples(50), trail, alive=False)
    assert found.lag_bytes == 50
    assert (found.lag_s is not None) is bounded
    assert found.lag_s is None or 60.0 <= found.lag_s < 65.0


async def test_a_slot_that_tells_nothing_leaves_the_lag_open():
    assert (await measure(samples(None), Trail(), alive=True)).lag_s is None


@pytest.mark.parametrize(
    ("source", "own", "answered", "words"),
    [
        (FACTS, OWN, (True, True), ""),
        (FACTS, replace(OWN, enabled=False), (True, True), "is disabled"),
        (replace(FACTS, slots=()), OWN, (True, True), "the slot s is not on the primary any more"),
        (replace(FACTS, slots=(replace(SLOT, status="lost"),)), OWN, (True, True), "is lost"),
        (replace(FACTS, slots=(replace(SLOT, active=False),)), OWN, (True, False), "not connected"),
        (replace(FACTS, slots=(replace(SLOT, active=False),)), OWN, (False, True), ""),
        (FACTS, replace(OWN, working=False), (True, True), "not connected"),
        (
            FACTS,
            replace(OWN, working=False, errors=3),
            (True, True),
            "not connected to the primary, 3 failures so far: the",
        ),
        (
            FACTS,
            replace(OWN, working=False, errors=3),
            (False, True),
            "the subscription s is not connected to the primary",
        ),
        (FACTS, replace(OWN, ended=1 << 40), (True, True), "is not its source"),
        (FACTS, OWN, (False, False), "neither database has answered"),
    ],
)
def test_why_nothing_flows(source, own, answered, words):
    told = flow(replace(LINK, subscription=own), Ends(source, TARGET, *answered), None, None, None)
    assert words in told.error
    assert told.streaming is not bool(words)
    assert bool(told.error) is bool(words)


def test_errors_that_grow_are_told_while_the_worker_is_seen_alive():
    """A worker that fails is started again at once."""
    before = replace(TARGET, subscriptions=(OWN,))
    failing = replace(OWN, errors=2)
    told = flow(replace(LINK, subscription=failing), Ends(FACTS, TARGET, True, True, before), None, None, None)
    assert "fails again and again, 2 failures so far" in told.error
    gone = flow(replace(LINK, subscription=failing), Ends(FACTS, TARGET, False, True, before), None, None, None)
    assert not gone.error, "a source that is down makes it fail, too"


def test_a_table_that_is_copied_anew_leaves_the_lag_open_although_the_source_is_not_asked():
    before = flow(LINK, Ends(FACTS, TARGET, True, True), Measured(0.5, 10, 7.0), None, None)
    copying = replace(LINK, subscription=replace(OWN, tables=(("public", "a", False),)))
    assert flow(copying, Ends(FACTS, TARGET, False, True), None, None, before).lag_s is None


def test_figures_that_cannot_be_measured_keep_their_moment():
    ends = Ends(FACTS, TARGET, True, True)
    first = flow(LINK, ends, Measured(0.5, 10, 7.0), [("public", "late")], None)
    later = flow(LINK, replace(ends, source_answered=False), None, None, first)
    assert (later.lag_s, later.lag_bytes, later.measured_s, later.missing_tables) == (0.5, 10, 7.0, ("late",))


@pytest.mark.parametrize(
    ("later", "safe", "disk", "expected"),
    [
        (11_000, 8000, None, 10.0),  # 4,000 bytes in 5 s
        (11_000, 8000, 4000, 5.0),
        (11_000, None, None, None),
        (5000, 8000, None, None),
    ],
)
def test_when_a_slot_has_filled_the_disk(later, safe, disk, expected):
    before = replace(FACTS, position=7000)
    now = replace(FACTS, read_s=15.0, position=later, slots=(replace(SLOT, safe_bytes=safe),))
    (slot,) = slots.held(Role.PRIMARY, now, before, disk)
    assert slot.retained_bytes == later - 1000
    assert slot.full_in_s == expected


@pytest.mark.parametrize("host", ["172.17.0.2", "192.168.1.2"])
def test_the_disk_of_another_machine_or_container_is_not_ours(host, tmp_path):
    assert slots.disk_left(replace(SERVER, host=host, data_directory=str(tmp_path))) is None
    assert slots.disk_left(replace(SERVER, data_directory=str(tmp_path)))
    assert slots.disk_left(replace(SERVER, data_directory=str(tmp_path / "none"))) is None


def test_a_partition_is_carried_under_its_parents_name():
    part = Table(1, (("public", "whole"),))
    tables = Tables(
        {("public", "part"): part, ("public", "plain"): Table(1), ("public", "late"): Table(1)},
        {"p": frozenset({("public", "whole"), ("public", "plain"), ("public", "late")})},
    )
    own = replace(OWN, tables=(("public", "whole", True), ("public", "plain", False)))
    assert not_carried(tables, own) == [("public", "late")]


def test_what_migration_tools_note_of_a_database_is_not_missed_elsewhere():
    tables = Tables({("public", name): Table(1) for name in ("_prisma_migrations", "late")}, {})
    assert not_carried(tables, OWN) == [("public", "late")]


async def test_schemas_that_differ_for_ever_are_read_once(monkeypatch):
    """Their hashes are compared again, and as long as they are the same ones, the differences are, too."""
    hashes, reads = {Role.PRIMARY: "1", Role.SECONDARY: "2"}, []

    async def fingerprint(role, _):
        return hashes[role]

    async def read_catalogue(role, _):
        reads.append(role)
        return Catalogue(18, {Key("table", "public", "", f"t{hashes[role]}"): Item("a table")})

    monkeypatch.setattr(contents, "fingerprint", fingerprint)
    monkeypatch.setattr(contents, "read_catalogue", read_catalogue)
    asked: Any = {role: SimpleNamespace(inspection=role, left_s=1.0) for role in Role}
    schemas = contents.Schemas()
    first, second = [await schemas.compare(asked, at_s) for at_s in (10.0, 20.0)]
    assert first is not None
    assert (first.differences, second) == (2, replace(first, read_s=20.0))
    assert reads == [Role.PRIMARY, Role.SECONDARY]
    hashes[Role.SECONDARY] = "3"
    third = await schemas.compare(asked, 30.0)
    assert third is not None
    assert "t3" in "".join(third.examples)
    hashes[Role.SECONDARY] = "1"
    assert await schemas.compare(asked, 40.0) == SchemaDrift(0, (), 40.0)


def test_rows_are_compared_where_both_are_known():
    primary = Tables({("public", "a"): Table(10), ("x", "b"): Table(None), ("public", "c"): Table(3)}, {})
    secondary = Tables({("public", "a"): Table(7), ("x", "b"): Table(5)}, {})
    found = estimates(primary, secondary)
    assert (found.primary, found.secondary) == (10, 7)
    assert {table.name for table in found.tables} == {"a", "c"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"written": 150}, 10.0),
        ({"written": 50}, None),
        ({"written": 150, "stats_reset": "later"}, None),
        ({"written": 150, "server": replace(SERVER, started_us=2)}, None),
        ({"written": None}, None),
    ],
)
def test_the_write_rate_needs_statistics_that_were_not_reset(changes, expected):
    before = replace(FACTS, written=100)
    assert write_rate(replace(before, read_s=15.0, **changes), before) == expected
