"""A PgBouncer of somebody else becomes a gateway by one included line, and only when nobody else suffers from it."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.main import main
from hotswap_tui.dsn import parse
from hotswap_tui.gateway.adopt import DROP_IN
from hotswap_tui.gateway.existing import Existing, examine
from hotswap_tui.routing import layout
from hotswap_tui.routing.layout import GatewayError, load
from tests.support.bouncers import LivePgBouncer, needs_pgbouncer
from tests.support.until import until_sync

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.clusters import ServerPair

pytestmark = needs_pgbouncer


@pytest.fixture
def theirs(server_pair: ServerPair, place: Path, monkeypatch):
    """Run a PgBouncer whose target file is empty: nobody has included ours yet."""
    with LivePgBouncer(server_pair.primary, server_pair.secondary) as live:
        ini = live.directory / layout.INI
        ini.write_text(ini.read_text().partition("%include")[0])
        live.kill()
        live.start()
        monkeypatch.chdir(place)
        monkeypatch.setenv("DATABASE_URL", server_pair.primary.url)
        monkeypatch.setenv("DATABASE_URL_SECONDARY", server_pair.secondary.url)
        monkeypatch.setenv("HOTSWAP_CONSOLE_URL", live.gateway.console.get_secret_value())
        yield live


def adopt(directory: Path, *more: str, database: str = "cc_financial") -> int:
    return main(["gateway", "adopt", "--dir", str(directory), "--database", database, *more])


def add_line(live: LivePgBouncer, line: str) -> None:
    with (live.directory / layout.INI).open("a") as ini:
        ini.write(f"{line}\n")
    live.ask("RELOAD")


def test_it_makes_a_gateway_and_later_says_that_it_is_in_force(theirs: LivePgBouncer, place: Path, capsys, server_pair):
    directory = place / "g"
    assert adopt(directory) == exit_codes.OK
    told = capsys.readouterr().out
    include = f"%include {directory / layout.TARGET}"
    assert f"add this as the last line of {theirs.directory / layout.INI}" in told
    assert f"\n  {include}\n" in told
    assert "Restart=on-failure" in told
    assert "should differ" not in told
    gateway = load(directory)
    assert (gateway.adopted, gateway.shared, gateway.port) == (True, False, theirs.gateway.port)
    assert parse(gateway.application) == parse(theirs.gateway.application)
    assert parse(gateway.console) == parse(theirs.gateway.console)
    before = (directory / layout.TARGET).stat().st_mtime_ns

    assert adopt(directory) == exit_codes.FAILED
    told = capsys.readouterr().out
    assert told.startswith(
        f"NOT in force: in {theirs.directory / layout.INI} that line is missing\nadd this as the last line"
    )

    add_line(theirs, include)
    assert adopt(directory) == exit_codes.OK
    told = capsys.readouterr().out
    assert f"PgBouncer follows {directory / layout.TARGET}\nan application can log in\n" in told
    assert (directory / layout.TARGET).stat().st_mtime_ns == before
    password = theirs.gateway.console.get_secret_value().partition("hotswap:")[2].partition("@")[0]
    assert password not in told


def test_made_anew_while_the_secondary_serves_it_leads_there_still(theirs: LivePgBouncer, place: Path, server_pair):
    directory = place / "g"
    adopt(directory)
    target = directory / layout.TARGET
    target.write_text(target.read_text().replace(str(server_pair.primary.port), str(server_pair.secondary.port)))
    add_line(theirs, f"%include {target}")
    assert adopt(directory, "--force") == exit_codes.OK
    theirs.ask("RELOAD")
    assert theirs.port_of_target() == server_pair.secondary.port


def test_other_databases_are_named_and_kept_out_unless_they_may_be_held(theirs: LivePgBouncer, place: Path, capsys):
    add_line(theirs, "[databases]\nshop = host=127.0.0.1\nblog = host=127.0.0.1\ncc_financial = host=127.0.0.1")
    assert adopt(place / "g") == exit_codes.USAGE
    told = capsys.readouterr().err
    assert "serves other databases, too (blog, shop)" in told
    assert "--shared" in told
    assert len(told.splitlines()) == 1
    assert not (place / "g").exists()
    assert adopt(place / "g", "--shared") == exit_codes.OK
    assert load(place / "g").shared


def test_a_name_that_it_does_not_have_is_told_with_those_it_has(theirs: LivePgBouncer, place: Path, capsys):
    add_line(theirs, "[databases]\nshop = host=127.0.0.1\nblog = host=127.0.0.1")
    assert adopt(place / "g", "--shared", database="nosuch") == exit_codes.USAGE
    told = capsys.readouterr().err
    assert "that PgBouncer has no database nosuch (it has: blog, shop); give the name" in told
    assert len(told.splitlines()) == 1
    assert not (place / "g").exists()
    add_line(theirs, "* = host=127.0.0.1")
    assert adopt(place / "g", "--shared", database="nosuch") == exit_codes.OK


def test_sessions_that_would_stay_behind_are_refused_with_the_line_to_set(theirs: LivePgBouncer, place: Path, capsys):
    add_line(theirs, "pool_mode = session\nserver_fast_close = 0")
    for directory in ("g", "h"):
        assert adopt(place / directory) == exit_codes.USAGE
        told = capsys.readouterr().err
        assert "pools cc_financial by session" in told
        assert told.endswith("and reload it: server_fast_close = 1\n")
        assert not (place / directory).exists()
    add_line(theirs, "server_fast_close = 1")
    assert adopt(place / "g") == exit_codes.OK
    add_line(theirs, "server_fast_close = 0")
    assert adopt(place / "g") == exit_codes.USAGE


@pytest.mark.parametrize("behind", ["; a comment", "[users]\napp = pool_mode=transaction"])
def test_what_may_follow_the_line(theirs: LivePgBouncer, place: Path, behind: str):
    adopt(place / "g")
    add_line(theirs, f"%include {place / 'g' / layout.TARGET}\n{behind}")
    assert adopt(place / "g") == exit_codes.OK


def test_a_line_in_another_section_is_not_in_force(theirs: LivePgBouncer, place: Path, capsys):
    adopt(place / "g")
    add_line(theirs, f"[databases]\n%include {place / 'g' / layout.TARGET}")
    assert adopt(place / "g") == exit_codes.FAILED
    assert "NOT in force: in " in (told := capsys.readouterr().out)
    assert "that line stands in [databases]" in told


def test_where_its_file_cannot_be_read_the_console_shows_it(theirs: LivePgBouncer, place: Path, capsys, monkeypatch):
    monkeypatch.setattr(Existing, "main_file", lambda _: None)
    directory = place / "g"
    assert adopt(directory) == exit_codes.OK
    assert "that file cannot be read here" in capsys.readouterr().out
    assert adopt(directory) == exit_codes.FAILED
    assert "NOT in force: PgBouncer leads cc_financial to none of the databases" in capsys.readouterr().out
    # The same target by the person's own hand, and what is encrypted tells them apart.
    entry = (directory / layout.TARGET).read_text().partition("[databases]")[2]
    add_line(theirs, f"server_tls_sslmode = disable\n[databases]{entry}")
    assert adopt(directory) == exit_codes.FAILED
    assert "NOT in force: server_tls_sslmode is disable in PgBouncer, and prefer in " in capsys.readouterr().out


def test_a_user_who_may_only_look_is_refused(theirs: LivePgBouncer, place: Path, capsys, monkeypatch):
    with (theirs.directory / layout.USERS).open("a") as users:
        users.write('"hotswap_ro" "hunter2"\n')
    ini = theirs.directory / layout.INI
    ini.write_text(ini.read_text().replace("admin_users", "stats_users = hotswap_ro\nadmin_users"))
    theirs.ask("RELOAD")
    url = theirs.gateway.console.get_secret_value()
    monkeypatch.setenv("HOTSWAP_CONSOLE_URL", f"postgresql://hotswap_ro:hunter2@{url.partition('@')[2]}")
    assert adopt(place / "g") == exit_codes.USAGE
    assert "needs one of its admin_users" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("hotswap:", "hotswap:x", " refuses that user or password (FATAL: SASL authentication failed)"),
        ("hotswap:", "nobody:", " refuses that user or password (FATAL: "),
        ("/pgbouncer?", "/pgbouncer?sslmode=nonsense&", "HOTSWAP_CONSOLE_URL: sslmode"),
        ("postgresql://", "mysql://", "HOTSWAP_CONSOLE_URL: "),
    ],
)
def test_a_console_url_that_is_wrong_is_named(theirs: LivePgBouncer, place: Path, capsys, monkeypatch, old, new, told):
    url = theirs.gateway.console.get_secret_value()
    monkeypatch.setenv("HOTSWAP_CONSOLE_URL", url.replace(old, new, 1))
    assert adopt(place / "g") == exit_codes.USAGE
    err = capsys.readouterr().err
    assert err.startswith("hotswap-tui gateway adopt: HOTSWAP_CONSOLE_URL: ")
    assert told in err
    assert len(err.splitlines()) == 1
    assert url.partition("hotswap:")[2].partition("@")[0] not in err


def test_a_user_of_the_database_is_not_one_of_the_console(theirs: LivePgBouncer, place: Path, capsys, monkeypatch):
    application = theirs.gateway.application.get_secret_value()
    monkeypatch.setenv("HOTSWAP_CONSOLE_URL", application.rpartition("/")[0] + "/pgbouncer")
    assert adopt(place / "g") == exit_codes.USAGE
    assert "in; a switch needs one of its admin_users" in capsys.readouterr().err


def test_a_postgresql_server_is_no_pgbouncer(theirs: LivePgBouncer, place: Path, capsys, monkeypatch, server_pair):
    monkeypatch.setenv("HOTSWAP_CONSOLE_URL", server_pair.primary.url)
    assert adopt(place / "g") == exit_codes.USAGE
    assert "there is no PgBouncer at " in capsys.readouterr().err


def test_a_console_that_does_not_answer_is_one_line_without_its_password(theirs: LivePgBouncer, place: Path, capsys):
    theirs.kill()
    assert adopt(place / "g") == exit_codes.USAGE
    told = capsys.readouterr().err
    assert "console at" in told
    assert "does not answer" in told
    assert len(told.splitlines()) == 1
    assert theirs.gateway.console.get_secret_value().partition("@")[0] not in told


def test_without_a_console_url_it_says_how_to_give_one(theirs: LivePgBouncer, place: Path, capsys, monkeypatch):
    monkeypatch.delenv("HOTSWAP_CONSOLE_URL")
    assert adopt(place / "g") == exit_codes.USAGE
    assert "HOTSWAP_CONSOLE_URL is not set" in capsys.readouterr().err


def test_the_drop_in_is_written_once_and_never_over_another(theirs: LivePgBouncer, place: Path, capsys):
    path = place / "pgbouncer.service.d" / "hotswap-tui.conf"
    for code in (exit_codes.OK, exit_codes.FAILED):
        assert adopt(place / "g", "--drop-in", str(path)) == code
    assert path.read_text() == DROP_IN
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    path.write_text("[Service]\n")
    assert adopt(place / "g", "--drop-in", str(path)) == exit_codes.USAGE
    assert "says something else" in capsys.readouterr().err


def test_who_runs_it_is_seen_at_the_socket(theirs: LivePgBouncer):
    existing = examine(theirs.gateway.console)
    assert existing.account(None).uid == theirs.gateway.run_directory.stat().st_uid
    with pytest.raises(GatewayError, match="there is no user no-such-user"):
        existing.account("no-such-user")


def test_a_hung_pgbouncer_is_given_up(theirs: LivePgBouncer, monkeypatch):
    monkeypatch.setattr("hotswap_tui.gateway.existing._ANSWER_S", 2)
    theirs.freeze()
    try:
        with pytest.raises(GatewayError, match="does not answer"):
            examine(theirs.gateway.console)
    finally:
        theirs.thaw()
    until_sync(lambda: theirs.ask("SHOW VERSION"))
