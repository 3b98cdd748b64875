from __future__ import annotations

import json

import pytest

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.failback_dossier import print_dossier
from hotswap_tui.cli.main import main
from hotswap_tui.core.sync import Dossier, Safety, SyncReading, Written
from hotswap_tui.core.values import Role
from tests.support.controlled import controlled
from tests.support.pictures import NOW_S, WALL_S, snapshot

DOSSIER = Dossier(
    Safety.DIVERGED,
    "3 transactions were committed on the secondary that are not ours, and nothing carries it back",
    since_wall_s=WALL_S - 600,
    read_s=NOW_S - 12,
    transactions=3,
    rows=5,
    written=(Written("public.users", 4, 1, 0),),
    tail_bytes=2048,
    tail="on its way: 2.0 kB missing",
)


def on_secondary(dossier: Dossier | None):
    return snapshot(active=Role.SECONDARY, sync=SyncReading(NOW_S - 12, dossier=dossier))


@pytest.mark.parametrize(
    ("verdict", "code"),
    [(Safety.SAFE, exit_codes.OK), (Safety.NEEDS_SYNC, exit_codes.FAILED), (Safety.DIVERGED, exit_codes.FAILED)],
)
def test_the_verdict_is_the_exit_code(verdict: Safety, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert print_dossier(on_secondary(Dossier(verdict, "why", read_s=NOW_S)), as_json=False) == code
    assert capsys.readouterr().out.startswith(f"{verdict.words}: why\n")


def test_the_dossier_is_lines_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    print_dossier(on_secondary(DOSSIER), as_json=False)
    out, err = capsys.readouterr()
    assert err == ""
    assert "DIVERGED: 3 transactions were committed" in out
    assert "seen 12s ago" in out
    assert "public.users: 4 inserted, 1 updated" in out
    assert "on its way: 2.0 kB missing" in out


def test_as_json_it_is_the_document_of_the_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_dossier(on_secondary(DOSSIER), as_json=True) == exit_codes.FAILED
    told = json.loads(capsys.readouterr().out)["dossier"]
    assert (told["verdict"], told["transactions"], told["age_s"]) == ("diverged", 3, 12.0)


@pytest.mark.parametrize(
    ("picture", "why"),
    [(snapshot(), "the primary serves"), (on_secondary(None), "has not looked"), (snapshot(active=Role.SECONDARY), "has not looked")],
)  # fmt: skip
def test_where_there_is_none_it_says_why(picture, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert print_dossier(picture, as_json=False) == exit_codes.UNKNOWN
    out, err = capsys.readouterr()
    assert (out, why in err) == ("", True)
    assert print_dossier(picture, as_json=True) == exit_codes.UNKNOWN
    assert json.loads(capsys.readouterr().out)["dossier"] is None


def test_without_an_engine_it_says_so(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["failback", "--dossier", "--socket", str(tmp_path / "none.sock")]) == exit_codes.NO_ENGINE
    assert "no engine answers" in capsys.readouterr().err


def test_json_alone_moves_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["failback", "--json"]) == exit_codes.USAGE
    assert "--json goes with --dossier" in capsys.readouterr().err


async def test_a_running_engine_is_asked_and_nothing_moves(server_pair, tmp_path) -> None:
    urls = {"DATABASE_URL": server_pair.primary.url, "DATABASE_URL_SECONDARY": server_pair.secondary.url}
    async with controlled(tmp_path, urls) as engine:
        told = await engine.command("failback", "--dossier")
    assert (told.code, "the primary serves" in told.err) == (exit_codes.UNKNOWN, True), told.err
