"""What a server that answers says about itself, judged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.core.policy import Policy
from hotswap_tui.core.values import Fault
from hotswap_tui.doctor.facts import Clock
from hotswap_tui.doctor.finding import Level
from hotswap_tui.doctor.server import clock, connections, pooler, privileges, writable
from tests.doctor.looks import NOW_S, PRIMARY, SECONDARY, details, facts, identity, look

POLICY = Policy()
DAY_S = 86_400


@pytest.mark.parametrize(
    ("role", "in_recovery", "read_only", "allowed", "level", "words"),
    [
        (PRIMARY, False, False, True, Level.OK, "writable"),
        (PRIMARY, True, True, True, Level.PROBLEM, "in recovery: a physical standby; no primary can be that"),
        (PRIMARY, False, True, True, Level.PROBLEM, "default_transaction_read_only"),
        (SECONDARY, True, True, True, Level.NOTE, "applications can read, but not write"),
        (SECONDARY, False, True, True, Level.WARNING, "default_transaction_read_only"),
        (SECONDARY, True, True, False, Level.PROBLEM, "DB_ALLOW_READ_ONLY=0 lets no failover happen"),
        (SECONDARY, False, False, False, Level.OK, "writable"),
    ],
)
def test_writability(role, in_recovery, read_only, allowed, level, words):
    told = facts(in_recovery=in_recovery, read_only=read_only)
    fault = Fault.READ_ONLY if read_only and role is PRIMARY else None
    (found,) = writable(look(role, fault=fault, facts_=told), replace(POLICY, allow_read_only=allowed))
    assert (found.level, found.subject) == (level, role)
    assert words in found.text
    assert bool(found.fix) is (level is not Level.OK)


@pytest.mark.parametrize(
    ("ahead_s", "uncertainty_s", "level", "words"),
    [
        (0.02, 0.001, Level.OK, "agrees with this machine's (±0.020 s)"),
        (0.001, 0.4, Level.OK, "±0.400 s"),
        (1.5, 0.7, Level.OK, "agrees"),
        (1.5, 0.1, Level.WARNING, "1.5 s ahead of this machine's"),
        (-90.0, 0.1, Level.WARNING, "90.0 s behind this machine's"),
    ],
)
def test_a_clock_is_wrong_only_beyond_what_the_round_trip_explains(ahead_s, uncertainty_s, level, words):
    (found,) = clock(look(details=details(clock=Clock(ahead_s, uncertainty_s))))
    assert found.level is level
    assert words in found.text


@pytest.mark.parametrize(
    ("used", "most", "changed", "level", "words"),
    [
        (12, 100, {}, Level.OK, "12 of 97 connections in use"),
        (80, 100, {}, Level.WARNING, "80 of 97 connections in use"),
        (3, 6, {"reserved": 1}, Level.WARNING, "3 of 5"),
        (80, 103, {"superuser": True}, Level.OK, "80 of 103"),
    ],
)
def test_room_for_clients(used, most, changed, level, words):
    told = facts(connections=used, max_connections=most)
    (found,) = connections(look(facts_=told, details=details(**changed)))
    assert found.level is level
    assert words in found.text


def test_the_role_may_have_a_limit_of_its_own():
    _, found = connections(look(details=details(role_limit=10, role_connections=9)))
    assert (found.level, found.fix) == (Level.WARNING, "raise it: ALTER ROLE app CONNECTION LIMIT …")
    assert len([*connections(look(details=details(role_limit=100, role_connections=9)))]) == 1


@pytest.mark.parametrize(
    ("changed", "level", "words"),
    [
        ({}, Level.OK, "may do what monitoring needs"),
        ({"superuser": True}, Level.NOTE, "superuser"),
        ({"may_beat": False}, Level.WARNING, "hotswap_heartbeat"),
        ({"password_ends_s": NOW_S + 13.5 * DAY_S}, Level.WARNING, "expires on 2025-10-22"),
        ({"password_ends_s": NOW_S + 20 * DAY_S}, Level.OK, "may do"),
    ],
)
def test_privileges(changed, level, words):
    (found,) = privileges(look(details=details(**changed)), replace(POLICY, write_check=True), NOW_S)
    assert found.level is level
    assert words in found.text


def test_the_write_check_needs_no_table_while_it_is_off():
    assert next(privileges(look(details=details(may_beat=False)), POLICY, NOW_S)).level is Level.OK


def test_a_hidden_identifier_is_a_note():
    (found,) = privileges(look(identity=identity(system_identifier=None)), POLICY, NOW_S)
    assert (found.level, "GRANT EXECUTE" in found.fix) == (Level.NOTE, True)


@pytest.mark.parametrize(
    ("name", "local", "looped", "levels"),
    [
        ("", True, False, []),
        ("PgBouncer", True, False, [Level.WARNING]),
        ("PgBouncer", True, True, []),
        ("a pooler", False, False, [Level.NOTE]),
    ],
)
def test_a_pooler_is_named(name, local, looped, levels):
    found = [*pooler(look(local=local, details=details(pooler=name)), looped=looped)]
    assert [each.level for each in found] == levels
    assert all(name in each.text for each in found)


def test_nothing_is_said_about_a_server_that_does_not_answer():
    dead = look(fault=Fault.REFUSED)
    assert not [*writable(dead, POLICY), *clock(dead), *connections(dead), *privileges(dead, POLICY, NOW_S)]
    assert not [*pooler(dead, looped=False)]
