"""`sync dump`, `restore` and `copy` as a person and a timer run them: refusals, signals, exit codes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from hotswap_tui.cli import sync_overwriting
from hotswap_tui.cli.main import main
from hotswap_tui.core.values import Role
from tests.support.bouncers import LivePgBouncer, needs_pgbouncer
from tests.support.until import until_sync

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def servers(clusters):
    with ExitStack() as stack:
        pair = []
        for name in ("primary", "secondary"):
            server = clusters.make(name)
            stack.callback(server.remove)
            server.start()
            pair.append(server)
        yield pair


@pytest.fixture
def pair(servers, monkeypatch, tmp_path):
    """Both databases in the environment, no engine anywhere, and a directory of the test's own."""
    monkeypatch.setenv("DATABASE_URL", servers[0].url)
    monkeypatch.setenv("DATABASE_URL_SECONDARY", servers[1].url)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return servers


def rows(server):
    with psycopg.connect(server.url) as connection:
        return connection.execute("SELECT (SELECT name FROM marker), count(*) FROM transactions").fetchone()


def run(tmp_path, *words):
    engine = () if words[0] == "dump" else ("--socket", str(tmp_path / "none"))
    return main(["sync", *words, *engine])


def test_a_dump_and_the_way_back(pair, tmp_path, capsys):
    assert run(tmp_path, "dump", "--output", "a.dump") == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert re.search(
        r"^dumped to a\.dump: 6 tables, 69 rows, [\d.]+ kB in [\d.]+ s \(pg_dump 18\)$", told.err, re.MULTILINE
    )
    assert "one transaction stays open on the source" in told.err
    assert run(tmp_path, "restore", "a.dump", "--to", "secondary", "--replace=cc_financial") == 0
    told = capsys.readouterr()
    assert re.match(
        r"a\.dump restored to the secondary: 6 tables, 69 rows, .+; every table has the rows that were dumped$",
        told.out,
    )
    assert "whether the secondary serves is not known" in told.err
    assert rows(pair[1]) == ("primary", 60)
    with psycopg.connect(pair[1].url) as connection:
        connection.execute("UPDATE marker SET name = 'secondary'")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((), 6, r"holds 6 relations \(.+\).*; --replace replaces it\. Nothing was done"),
        (("--replace",), 2, "there is no terminal to ask on; --replace=cc_financial says it without"),
        (("--replace=other",), 6, "--replace names other, and the primary's database is cc_financial"),
    ],
)
def test_what_is_there_is_not_overwritten_without_its_name(pair, tmp_path, capsys, words, code, told):
    before = rows(pair[0])
    assert run(tmp_path, "copy", "--from", "secondary", "--to", "primary", *words) == code
    assert re.search(told, capsys.readouterr().err)
    assert rows(pair[0]) == before


@pytest.mark.parametrize(("typed", "code"), [("cc_financial", 0), ("yes", 6)])
def test_on_a_terminal_the_name_is_asked_for(pair, tmp_path, monkeypatch, capsys, typed, code):
    monkeypatch.setattr("hotswap_tui.cli.asking.can_ask", lambda: True)
    monkeypatch.setattr("hotswap_tui.cli.asking._answer", lambda _prompt: typed)
    before = rows(pair[1])
    assert run(tmp_path, "copy", "--from", "primary", "--to", "secondary", "--replace") == code
    told = capsys.readouterr()
    assert "Type cc_financial and press enter" in told.err
    assert ("the primary copied to the secondary: 6 tables, 69 rows" in told.out) is (code == 0)
    assert rows(pair[1]) == (("primary", 60) if code == 0 else before)


@pytest.mark.parametrize("known", [True, False], ids=["the engine's secondary", "by its role"])
def test_what_serves_is_not_overwritten_unless_that_is_said(pair, tmp_path, monkeypatch, capsys, known):
    """Whatever else was agreed to; the database that the engine moved away from may be.

    Where the engine calls its databases by other names than these settings, the role decides.
    """

    class View:
        def __init__(self, role, url):
            self.role, self.url = role, url

    class Picture:
        active, pid = Role.SECONDARY, 4711
        primary = View(Role.PRIMARY, "postgresql://db.example/books")
        secondary = View(Role.SECONDARY, pair[1].url if known else "postgresql://copy.example/books")

    async def reach(_sockets):
        return type("Reached", (), {"snapshot": Picture})

    monkeypatch.setattr("hotswap_tui.cli.engine_options.reach", reach)
    words = ("copy", "--from", "primary", "--to", "secondary", "--replace=cc_financial")
    assert run(tmp_path, *words) == 6
    assert "serves, says the engine (pid 4711); --force overwrite-what-serves does it" in capsys.readouterr().err
    if known:
        assert run(tmp_path, *words, "--force", sync_overwriting.SERVING_WORDS) == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("dump", "--output", "x", "--encrypt", "age"), "--encrypt and --key-file are given together"),
        (("copy", "--from", "primary", "--to", "primary"), "--from and --to are both the primary"),
    ],
)
def test_wrong_usage_is_said_in_one_line(pair, tmp_path, capsys, words, told):
    assert run(tmp_path, *words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("dump", "--output", "none/x"), "none/x cannot be written: No such file or directory"),
        (("dump", "--output", "."), "is a directory; name a file in it"),
        (("restore", "none", "--to", "secondary"), "none cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(pair, tmp_path, capsys, words, told):
    assert run(tmp_path, *words) == 1
    assert told in capsys.readouterr().err.splitlines()[-1]


def program(*words, **options):
    return subprocess.Popen([sys.executable, "-m", "hotswap_tui", "sync", *words], stderr=subprocess.PIPE, **options)


def waiting(server, what):
    with psycopg.connect(server.superuser_url) as connection:
        query = "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = %s AND wait_event_type = 'Lock'"
        return connection.execute(query, (what,)).fetchone() == (True,)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_a_signal_in_the_middle_of_a_copy_leaves_the_target_as_it_was(pair, tmp_path, number):
    """pg_restore waits for a lock of ours when it comes; nothing runs afterwards, and the line says what ended it.

    After SIGKILL nobody ends pg_restore: what it has got already may be the whole, which it then loads.
    """
    with psycopg.connect(pair[1].url) as connection:
        connection.execute("UPDATE marker SET name = 'before'")
    with psycopg.connect(pair[1].url) as blocker:
        blocker.execute("LOCK TABLE transactions IN SHARE MODE")
        words = ("copy", "--from", "primary", "--to", "secondary", "--replace=cc_financial", "--socket", "none")
        process = program(*words)
        until_sync(lambda: waiting(pair[1], "hotswap-tui copy"))
        process.send_signal(number)
        _, told = process.communicate(timeout=30)
    assert process.returncode == (-9 if number == signal.SIGKILL else 128 + number)
    if number != signal.SIGKILL:
        assert told.decode().splitlines()[-1].endswith(f"ended by {number.name}; nothing was left half done")
    until_sync(lambda: not sessions(pair))
    whole = [("primary", 60)] if number == signal.SIGKILL else []
    assert rows(pair[1]) in [("before", 60), *whole]


def sessions(servers):
    found = []
    for server in servers:
        with psycopg.connect(server.superuser_url) as connection:
            query = "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'hotswap-tui%'"
            found += connection.execute(query).fetchall()
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_in_the_middle_of_a_dump_leaves_no_file(pair, tmp_path, number):
    with psycopg.connect(pair[0].url) as blocker:
        blocker.execute("LOCK TABLE transactions")
        process = program("dump", "--output", "d")
        until_sync(lambda: waiting(pair[0], "hotswap-tui dump"))
        process.send_signal(number)
        process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert not [each for each in tmp_path.iterdir() if "d" in each.suffixes or each.name.startswith((".d", "d"))]


def test_a_dump_to_a_pipe_is_a_dump_and_nothing_else(pair, tmp_path):
    read, write = os.pipe()
    with open(read, "rb") as reader:  # noqa: PTH123 - a descriptor
        process = program("dump", "--output", "-", stdout=write)
        os.close(write)
        data = reader.read()
        assert (
            process.communicate(timeout=30)[1]
            .decode()
            .splitlines()[-1]
            .startswith("dumped to standard output: 6 tables")
        )
    assert (process.returncode, data[:5]) == (0, b"PGDMP")


def test_a_reader_that_goes_away_is_a_failure(pair, tmp_path):
    """A dump of which nobody has read the end is none."""
    read, write = os.pipe()
    os.close(read)
    process = program("dump", "--output", "-", stdout=write)
    os.close(write)
    told = process.communicate(timeout=30)[1].decode().splitlines()[-1]
    assert (process.returncode, told) == (1, "hotswap-tui sync dump: [Errno 32] Broken pipe")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_units_in_the_readme_are_valid(tmp_path):
    """A nightly dump as the README gives it."""
    text = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")
    units = re.findall(r"```ini\n# /etc/systemd/system/(hotswap-tui-dump\.\w+)\n(.*?)```", text, re.DOTALL)
    if not units:
        pytest.skip("the README has no such example")
    for name, unit in units:
        (tmp_path / name).write_text(re.sub(r"/usr/bin/hotswap-tui|/usr/local/bin/hotswap-tui", "/bin/true", unit))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name, _ in units)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, "hotswap-tui-dump" in done.stderr) == (0, False), done.stderr


@needs_pgbouncer
def test_what_pgbouncer_leads_to_is_not_overwritten(pair, tmp_path, monkeypatch, capsys):
    with LivePgBouncer(*pair) as bouncer:
        monkeypatch.setenv("HOTSWAP_GATEWAY", str(bouncer.gateway.directory))
        before = rows(pair[0])
        assert run(tmp_path, "copy", "--from", "secondary", "--to", "primary", "--replace=cc_financial") == 6
        assert "PgBouncer leads applications to the primary at" in capsys.readouterr().err
        assert rows(pair[0]) == before
        assert run(tmp_path, "copy", "--from", "primary", "--to", "secondary", "--replace=cc_financial") == 0
        bouncer.kill()
        before = rows(pair[1])
        assert run(tmp_path, "copy", "--from", "primary", "--to", "secondary", "--replace=cc_financial") == 6
        assert "whether the secondary at" in (told := capsys.readouterr().err), told
        assert "serves is not known: no engine answers, and" in told
        assert rows(pair[1]) == before
