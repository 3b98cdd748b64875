"""What runs beside the checks, as far as the settings ask for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotswap_tui.config import load
from hotswap_tui.doctor.finding import Check, Level
from hotswap_tui.doctor.services import services, unrouted

URLS = {
    "DATABASE_URL": "postgresql://app:secret@one.example/app",
    "DATABASE_URL_SECONDARY": "postgresql://app:secret@two.example/app",
}


def loaded(**settings):
    return load({}, URLS | settings, [], Path("/nowhere"), None)


def found(check, *, apprise=True, group_exists=True, **settings):
    return [
        each for each in services(loaded(**settings), apprise=apprise, group_exists=group_exists) if each.check is check
    ]


@pytest.mark.parametrize(
    ("settings", "level", "words"),
    [
        ({}, Level.NOTE, "nobody is told"),
        ({"HOTSWAP_NOTIFY_URLS": "json://a.example"}, Level.OK, "one place is told"),
        ({"HOTSWAP_NOTIFY_URLS": "json://a.example ntfy://b.example/c"}, Level.OK, "2 places are told"),
    ],
)
def test_who_is_told(settings, level, words):
    (each,) = found(Check.NOTIFY, **settings)
    assert (each.level, words in each.text) == (level, True)


def test_urls_without_what_sends_are_a_problem_and_stay_secret():
    (each,) = found(Check.NOTIFY, apprise=False, HOTSWAP_NOTIFY_URLS="json://user:hunter2@a.example")
    assert (each.level, each.fix) == (Level.PROBLEM, "pip install 'hotswap-tui[notify]'")
    assert "hunter2" not in str(each)


@pytest.mark.parametrize(
    ("settings", "levels"),
    [
        ({}, []),
        ({"HOTSWAP_LISTEN": "off"}, []),
        ({"HOTSWAP_LISTEN": "0.0.0.0:8484"}, [Level.WARNING]),
        ({"HOTSWAP_LISTEN": "0.0.0.0:8484", "HOTSWAP_TOKEN": "sixteen-characters"}, [Level.OK]),
    ],
)
def test_who_can_read_the_api(settings, levels):
    assert [each.level for each in found(Check.API, **settings)] == levels


@pytest.mark.parametrize(
    ("settings", "exists", "words"),
    [
        ({"DATABASE_URL_SECONDARY": ""}, True, "no secondary"),
        ({"HOTSWAP_OBSERVE": "1"}, True, "nothing is done"),
        ({"HOTSWAP_GROUP": "nobodys"}, False, "no such group"),
    ],
)
def test_settings_that_keep_it_from_acting(settings, exists, words):
    (each,) = found(Check.SETTINGS, group_exists=exists, **settings)
    assert words in each.text
    assert each.level >= Level.WARNING
    assert each.fix


def test_a_hook_that_can_be_started_is_well():
    (each,) = found(Check.HOOK, HOTSWAP_ON_SWITCH="/bin/true --now")
    assert each.level is Level.OK


def test_who_moves_traffic_where_no_gateway_does():
    assert [each.level for each in unrouted(loaded())] == [Level.NOTE]
    assert not [*unrouted(loaded(HOTSWAP_ON_SWITCH="/bin/true"))]
    assert not [*unrouted(loaded(DATABASE_URL_SECONDARY=""))]
