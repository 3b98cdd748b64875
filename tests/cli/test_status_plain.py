"""The plain screen of facts: every state in at most 24 lines of 80 columns, and the exit code that goes with it."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC

import pytest

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.plain_status import exit_code, sentence, status_lines
from hotswap_tui.cli.plain_text import fit, shown, width_of, wrap
from hotswap_tui.core.values import Mode
from tests.support.pictures import DISARMED, FAILING, HOSTILE, NOW_S, POLICY, snapshot
from tests.support.routed_pictures import pictures

PICTURES = pictures()
WELL = {
    *("steady", "stale", "single", "routed", "session", "too-old", "failed-back"),
    *("sync-in-step", "sync-unrelated", "sync-standby", "sync-unread", "sync-schema-drift"),
}
NOT_SERVING = {
    "both-down",
    "disarmed-dead",
    "disagrees-paused",
    "gateway-unreadable",
    "hung-routed",
    "paused-by-others",
    "single-down",
    "starting-refused",
    "sync-dead-primary",
}
FAILED_OVER = """\
SECONDARY serving 00:02:31   primary DOWN, tried again in 0.6s

  database   address                  state          last ms   fails   seen
  primary    localhost:5432           ✗ DOWN               -     3/3     2m
             timeout: no answer within 500 ms
▶ secondary  ep-cool-name.neon.tech   ● up              31.6     0/3   0.4s

traffic      pgbouncer → ep-cool-name.neon.tech ✓, 42 clients, 0 wait
automatic    on
last switch  failover primary → secondary at 2025-11-14 10:39:36, 2m ago: done
             in 0.08 s: secondary serves; 8 clients waited, at most 0.05s; 3
             connections to primary cut off. Canary: 18.6 started 2025-11-13 09…
engine       pid 812, since 2025-11-11 06:30:07, database cc_financial
"""
DISARMED_FOR_A_WHILE = Mode(armed=False, by="pi@tty1", since_s=NOW_S - 371, why="kernel upgrade", until_s=NOW_S + 83)


class Stream(io.StringIO):
    """A stream of an encoding."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]  # the base class's is None
        return self._encoding


def told(**changes: object) -> str:
    return "\n".join(status_lines(snapshot(**changes), NOW_S, UTC))


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_fits_the_smallest_usual_screen(name):
    lines = status_lines(PICTURES[name], NOW_S, UTC)
    assert len(lines) <= 24
    assert max(map(width_of, lines)) <= 80
    assert not any(character in line for line in lines for character in "\x1b\x07\r\n\u202e\u2066")


@pytest.mark.parametrize("name", PICTURES)
def test_the_exit_code_says_how_things_are(name):
    expected = exit_codes.DEGRADED
    if name in WELL:
        expected = exit_codes.OK
    elif name in NOT_SERVING:
        expected = exit_codes.NOT_SERVING
    elif name == "starting":
        expected = exit_codes.UNKNOWN
    assert exit_code(PICTURES[name], NOW_S) == expected


def test_the_facts_of_a_failover():
    lines = status_lines(PICTURES["failed-over-routed"], NOW_S, UTC)
    assert lines == FAILED_OVER.splitlines()


def test_who_turned_automation_off_since_when_why_and_until_when():
    assert "automatic    OFF since 2025-11-14 10:35:56 (6m) by pi@tty1: kernel upgrade; on\n" in told(
        mode=DISARMED_FOR_A_WHILE
    )
    assert "             again in 1:23\n" in told(mode=DISARMED_FOR_A_WHILE)


@pytest.mark.parametrize(
    ("changes", "typed"),
    [
        ({"mode": DISARMED}, "  hotswap-tui arm                      to arm\n"),
        (FAILING, "  hotswap-tui disarm                   to stop\n"),
        ({"policy": replace(POLICY, failback_auto=False)}, "automatic    on; failback is manual\n"),
        ({"policy": replace(POLICY, observe=True)}, "automatic    HOTSWAP_OBSERVE is 1: nothing is moved\n"),
        (
            {"blocked": "the budget is spent", "blocked_until_s": NOW_S + 83},
            "no switch    the budget is spent (in 1:23)\n",
        ),
    ],
)
def test_what_to_type_and_what_holds_automation(changes, typed):
    """Keys mean nothing here: commands stand in their place."""
    assert typed in told(**changes)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "sync-in-step",
            ["sync         logical replication, primary → secondary; 0.2s behind, 1.2 kB, seen", "12s ago"],
        ),
        ("sync-unrelated", ["sync         not replicated, seen 31s ago"]),
        (
            "sync-safe",
            ["dossier      SAFE: nothing was committed on the secondary since traffic was"],
        ),
        ("sync-slot-lost", ["  hotswap-tui sync status              more of it"]),
        (
            "sync-schema-drift",
            ["12s ago; tables 2 not carried: public.audit, public.tmp; 1 still", "being copied: public.big; schema 3"],
        ),
    ],
)
def test_how_the_data_stands(name, lines):
    printed = "\n".join(status_lines(PICTURES[name], NOW_S, UTC))
    assert all(line in printed for line in lines)


def test_the_sentence_in_one_line_names_no_key():
    assert sentence(PICTURES["failed-over-routed"], NOW_S, UTC).startswith("SECONDARY serving 00:02:31; primary DOWN")
    assert "to arm" not in sentence(snapshot(mode=DISARMED), NOW_S, UTC)


def test_a_console_without_utf_8_gets_ascii_cell_for_cell(monkeypatch):
    monkeypatch.setenv("LC_ALL", "C")
    for name in PICTURES:
        for line in status_lines(PICTURES[name], NOW_S, UTC):
            plain = shown(line, Stream("utf-8"))
            assert plain.isascii()
            assert "hostile" in name or len(plain) == len(line)


def test_what_is_shown_cannot_move_the_cursor(monkeypatch):
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert shown(HOSTILE, Stream("utf-8")).isprintable()
    assert shown("é ● →", Stream("utf-8")) == "é ● →"
    assert shown("é ● →", Stream("latin-1")) == "e + >"


def test_wide_characters_take_their_cells():
    assert fit("漢字漢字", 6) == "漢字… "
    assert wrap("漢字漢字 ab", 5) == ["漢字", "漢字", "ab"]
    assert wrap("one two three four", 9, 2) == ["one two", "three fo…"]
