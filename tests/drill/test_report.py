"""The report: one document, and the lines that are made of it."""

from __future__ import annotations

from typing import Any

from hotswap_tui.core.snapshot import SwitchOutcome
from hotswap_tui.core.traffic import Waited
from hotswap_tui.core.values import Role
from hotswap_tui.drill.clients import Clients
from hotswap_tui.drill.report import document
from hotswap_tui.drill.report_text import lines
from tests.drill.told import STAY_S, Told, at_home, away
from tests.support.pictures import FACTS, HOSTILE, NOW_S, WALL_S

HISTORY: list[dict[str, Any]] = [
    {
        "id": 3,
        "kind": "manual",
        "from": "primary",
        "to": "secondary",
        "result": "done",
        "took_s": 0.201,
        "steps": [{"step": "hold", "started": "", "took_ms": 12.3}, {"step": "canary", "started": "", "took_ms": None}],
    }
]
REASON = "HOTSWAP_GATEWAY is not set here"


def passed(clients: Clients | str = REASON) -> dict[str, Any]:
    told = Told().begin()
    told.see()
    outcome = SwitchOutcome(away(), NOW_S + 0.2, "done", waited=Waited(42, 0.1), severed=2, proof="18.6, system 7")
    told.arrive(last_switch=outcome)
    told.see(STAY_S, state=told.course.picture.state, active=Role.SECONDARY, mode=told.course.picture.mode)
    told.leave(**at_home())
    return document(told.course, HISTORY, clients, WALL_S, WALL_S + 12)


def test_a_leg_has_what_the_journal_and_the_picture_know():
    told = passed()
    assert told["verdict"] == "PASSED"
    leg = told["away"]
    assert (leg["took_s"], leg["waited"], leg["longest_wait_s"], leg["severed"]) == (0.2, 42, 0.1, 2)
    assert [step["took_ms"] for step in leg["steps"]] == [12.3, None]
    assert told["back"]["steps"] == [], "the journal has not told"
    assert told["clients"] == {"measured": False, "reason": REASON}


def test_the_lines_say_the_same_and_end_with_how_things_stand():
    told = lines(passed())
    assert told[0] == "Drill, planned: PASSED"
    assert "  away       primary → secondary (manual) done in 0.20 s from decision to proof" in told
    assert "             clients held 42, the longest 0.10 s; connections cut off 2" in told
    assert "             hold 12 ms, canary ?" in told
    assert f"  clients    not measured: {REASON}" in told
    assert told[-1] == "  now        primary serves, automatic switching is on, as before"


def test_what_never_happened_is_called_so():
    told = Told()
    told.course.abort(HOSTILE, NOW_S)
    told.leave()
    report = document(told.course, [], REASON, WALL_S, WALL_S)
    assert (report["away"], report["back"]) == (None, None)
    assert not {"\x1b", "\n", "\u202e", "\x07"} & set("".join(lines(report)))
    assert "  away       did not happen" in lines(report)


def test_who_answered_is_known_by_when_it_was_started():
    clients = Clients()
    books = clients._kept
    for marker in (str(FACTS.started_at), "12.5", "nonsense"):
        books.tallies[0].begin(NOW_S)
        books.add(books.tallies[0].succeed(NOW_S + 0.25, marker))
    books.tallies[0].begin(NOW_S)
    books.add(books.tallies[0].fail(NOW_S + 0.5, "OperationalError", "server closed the connection"))
    told = passed(clients)["clients"]["kept"]
    assert (told["answers"], told["errors"]) == (3, 1)
    assert told["answered_by"] == {"primary": 1, "another": 2}
    assert told["failures"][0]["text"] == "server closed the connection"
    line = next(line for line in lines(passed(clients)) if "one connection kept" in line)
    assert "3 answers (primary 1, another 2), 1 error, longest wait 0.50 s" in line
