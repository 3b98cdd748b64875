"""Whether two connection strings lead to two servers, and whether those fit together."""

from __future__ import annotations

import pytest

from hotswap_tui.core.values import Fault
from hotswap_tui.doctor.finding import Level
from hotswap_tui.doctor.pair import pair, same_server, versions
from tests.doctor.looks import NOW_S, SECONDARY, details, identity, look

LATER = NOW_S + 60


@pytest.mark.parametrize(
    ("primary", "secondary", "level", "words"),
    [
        ({}, {"system_identifier": "7002", "started_at": LATER}, Level.OK, "two servers of their own"),
        ({}, {}, Level.PROBLEM, "the same database of the same server"),
        ({}, {"address": "192.168.0.7:6000"}, Level.PROBLEM, "the same database of the same server"),
        ({}, {"database": "other"}, Level.WARNING, "on one server, which takes both along"),
        ({"system_identifier": None}, {"system_identifier": None}, Level.PROBLEM, "the same server"),
        ({"system_identifier": None}, {"started_at": LATER}, Level.NOTE, "going by their start times"),
        ({}, {"started_at": LATER, "in_recovery": True}, Level.OK, "physical standby of this primary"),
        ({"in_recovery": True}, {"started_at": LATER}, Level.PROBLEM, "the wrong way round"),
        ({}, {"started_at": LATER}, Level.OK, "come from one copy"),
        ({}, {"system_identifier": "7002"}, Level.OK, "two servers of their own"),
    ],
)
def test_one_server_or_two(primary, secondary, level, words):
    found = same_server(identity(**primary), identity(**secondary))
    assert found.level is level
    assert words in found.text
    assert bool(found.fix) is (level >= Level.WARNING)


@pytest.mark.parametrize(
    ("theirs", "level", "words"),
    [(180_004, Level.OK, "PostgreSQL 18"), (150_006, Level.WARNING, "the primary is PostgreSQL 18, the secondary 15")],
)
def test_versions(theirs, level, words):
    found = versions(look(), look(SECONDARY, details=details(version_number=theirs)))
    assert found.level is level
    assert words in found.text


def test_what_is_not_known_is_not_compared():
    assert not [*pair(look(), look(SECONDARY, fault=Fault.TIMEOUT))]
    assert len([*pair(look(), look(SECONDARY))]) == 2
