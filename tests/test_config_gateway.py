"""Settings of a gateway: whose word counts, and what must not come from a file that others can write."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from pydantic import SecretStr

from hotswap_tui.config import Loaded, SettingsError, load
from hotswap_tui.config.endpoint import Listener
from hotswap_tui.config.state_dir import find_state_dir
from hotswap_tui.dsn import parse
from hotswap_tui.routing.layout import DESCRIPTION, ENGINE_ENV, INI, RUN, Gateway, describe

URL = "postgresql://u:hunter2@localhost:5432/db"
OTHER = "postgresql://u:hunter2@192.0.2.1:5433/db"


@pytest.fixture
def gateway(tmp_path: Path) -> Path:
    """Make a directory that is described as a gateway on 127.0.0.1:6432."""
    directory = tmp_path / "g"
    directory.mkdir()
    described = Gateway(
        directory=directory,
        database="db",
        console=SecretStr(f"postgresql://hotswap:x@/pgbouncer?host={directory / RUN}&port=6432"),
        application=SecretStr("postgresql://u:hunter2@127.0.0.1:6432/db"),
        host="127.0.0.1",
        port=6432,
    )
    (directory / DESCRIPTION).write_text(describe(described))
    write(directory / ENGINE_ENV, f"DATABASE_URL={URL}\nDATABASE_URL_SECONDARY={OTHER}\nHOTSWAP_GATEWAY={directory}\n")
    return directory


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def loaded(directory: Path, *env_files: Path, **environ: str) -> Loaded:
    return load({}, environ, env_files, directory, None)


def problem(directory: Path, *env_files: Path, **environ: str) -> str:
    with pytest.raises(SettingsError) as error:
        loaded(directory, *env_files, **environ)
    (told,) = error.value.problems
    assert "hunter2" not in told
    return told


def test_the_gateways_own_file_outranks_the_projects_and_yields_to_what_is_named(gateway: Path, tmp_path: Path):
    """A Next.js project's .env names the endpoint, as it should; the engine must not follow it there."""
    write(tmp_path / ".env.local", "DATABASE_URL=postgresql://u:p@127.0.0.1:6432/db\nDB_FAILBACK=manual\n")
    by_environment = loaded(tmp_path, HOTSWAP_GATEWAY=str(gateway))
    by_file = loaded(tmp_path, gateway / ENGINE_ENV)
    for result in (by_environment, by_file):
        assert result.gateway is not None
        assert (result.gateway.directory, result.settings.gateway) == (gateway, gateway)
        assert result.primary == parse(URL)
        assert result.sources["DATABASE_URL"] == str(gateway / ENGINE_ENV)
        assert result.settings.failback == "manual"
    named = write(tmp_path / "named.env", f"DATABASE_URL={URL}?application_name=x\n")
    assert loaded(tmp_path, named, HOTSWAP_GATEWAY=str(gateway)).primary.application_name == "x"
    assert loaded(tmp_path, DATABASE_URL=URL).gateway is None


def test_the_state_directory_may_stand_in_the_gateways_file(gateway: Path, tmp_path: Path):
    with (gateway / ENGINE_ENV).open("a") as file:
        file.write(f"HOTSWAP_STATE_DIR={tmp_path / 'state'}\n")
    environ = {"HOTSWAP_GATEWAY": str(gateway)}
    assert loaded(tmp_path, **environ).settings.state_dir == find_state_dir(environ, []) == tmp_path / "state"


def test_a_directory_that_is_no_gateway_is_one_line(tmp_path: Path):
    told = problem(tmp_path, DATABASE_URL=URL, HOTSWAP_GATEWAY=str(tmp_path))
    assert told == (
        f"HOTSWAP_GATEWAY (from environment): {tmp_path} is not a gateway: it has no {DESCRIPTION}; make one with gateway init"
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]"])
def test_the_gateways_own_endpoint_is_refused_as_a_database(gateway: Path, tmp_path: Path, host: str):
    url = f"postgresql://u:hunter2@{host}:6432/db"
    told = problem(tmp_path, DATABASE_URL=url, HOTSWAP_GATEWAY=str(gateway))
    assert told.startswith("DATABASE_URL (from environment) leads to the gateway itself (127.0.0.1:6432)")
    assert str(gateway / ENGINE_ENV) in told
    assert "DATABASE_URL_SECONDARY" in problem(tmp_path, DATABASE_URL_SECONDARY=url, HOTSWAP_GATEWAY=str(gateway))


@pytest.mark.parametrize(
    ("listen", "url", "reached"),
    [
        ("127.0.0.1", "postgresql://127.0.0.1:6432/d", True),
        ("127.0.0.1", "postgresql://127.0.0.1:6433/d", False),
        ("127.0.0.1", "postgresql://127.0.0.2:6432/d", False),
        ("127.0.0.1", "postgresql://192.0.2.1:6432/d", False),
        ("127.0.0.1", "host=elsewhere.invalid hostaddr=127.0.0.1 port=6432 dbname=d", True),
        ("127.0.0.1", "postgresql://elsewhere.invalid:6432/d", False),
        ("127.0.0.1", "postgresql://192.0.2.1:6432,127.0.0.1:6432/d", True),
        ("localhost", "postgresql://127.0.0.1:6432/d", True),
        ("0.0.0.0", "postgresql://127.0.0.9:6432/d", True),
        ("*", "postgresql://127.0.0.1:6432/d", True),
        ("0.0.0.0", "postgresql://192.0.2.1:6432/d", False),
        ("127.0.0.1", "host=/g/run port=6432 dbname=d", True),
        ("127.0.0.1", "host=/g/run/ port=6432 dbname=d", True),
        ("127.0.0.1", "host=/run/postgresql port=6432 dbname=d", False),
    ],
)
def test_every_spelling_of_an_endpoint(listen: str, url: str, reached: bool):
    dsn = parse(url if "@" in url or "user" in url else url.replace("//", "//u@").replace("dbname", "user=u dbname"))
    assert Listener(listen, 6432, Path("/g/run")).is_reached_by(dsn) is reached


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_an_ipv6_endpoint():
    listener = Listener("::1", 6432)
    assert listener.is_reached_by(parse("postgresql://u@[::1]:6432/d"))
    assert listener.is_reached_by(parse("postgresql://u@[0:0::1]:6432/d"))
    assert not listener.is_reached_by(parse("postgresql://u@127.0.0.1:6432/d"))
    assert str(listener) == "[::1]:6432"


HOOK = "/bin/sh 'two words' --to=ops"


def test_the_hook_is_an_argument_list(tmp_path: Path):
    result = loaded(tmp_path, DATABASE_URL=URL, HOTSWAP_ON_SWITCH=HOOK)
    assert result.settings.on_switch_arguments() == ("/bin/sh", "two words", "--to=ops")
    assert result.value("HOTSWAP_ON_SWITCH") == HOOK
    assert loaded(tmp_path, DATABASE_URL=URL).settings.on_switch_arguments() == ()


@pytest.mark.parametrize("command", ["notify 'unclosed", "''\\"])
def test_a_hook_that_cannot_be_split_is_one_line(tmp_path: Path, command: str):
    told = problem(tmp_path, DATABASE_URL=URL, HOTSWAP_ON_SWITCH=command)
    assert told.endswith("must be a program and its arguments, quoted as for a shell")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("# notify", "there is no program # in PATH; give its whole path"),
        ("no-such-program --to=ops", "there is no program no-such-program in PATH; give its whole path"),
        ("/nowhere/notify", "there is no file /nowhere/notify"),
        ("./hook", "./hook is not executable; chmod +x ./hook"),
        ("/tmp", "there is no file /tmp"),
    ],
)
def test_a_hook_that_cannot_be_started_is_one_line(tmp_path: Path, command: str, why: str):
    write(tmp_path / "hook", "#!/bin/sh\n")
    told = problem(tmp_path, DATABASE_URL=URL, HOTSWAP_ON_SWITCH=command)
    assert told == f"HOTSWAP_ON_SWITCH (from environment): {why}"


def test_a_hook_is_found_where_the_engine_will_find_it(tmp_path: Path):
    write(tmp_path / "hook", "#!/bin/sh\n", 0o700)
    for command in ("./hook", "hook"):
        result = loaded(tmp_path, DATABASE_URL=URL, HOTSWAP_ON_SWITCH=command, PATH=str(tmp_path))
        assert result.settings.on_switch_arguments() == (command,)


def test_a_file_of_the_working_directory_has_no_say_in_the_hook(tmp_path: Path):
    write(tmp_path / ".env", f"HOTSWAP_ON_SWITCH=evil\nPROGRAM=evil\nDATABASE_URL={URL}\n")
    named = write(tmp_path / "named.env", "HOTSWAP_ON_SWITCH='sh $PROGRAM'\n")
    result = loaded(tmp_path, named)
    assert result.settings.on_switch_arguments() == ("sh", "$PROGRAM")
    assert "HOTSWAP_ON_SWITCH in .env is left out" in result.warnings[0]


@pytest.mark.parametrize("name", ["HOTSWAP_ON_SWITCH", "HOTSWAP_GATEWAY"])
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_may_not_name_them(gateway: Path, tmp_path: Path, name: str, mode: int):
    value = str(gateway) if name == "HOTSWAP_GATEWAY" else "notify"
    named = write(tmp_path / "named.env", f"{name}={value}\nDATABASE_URL={URL}\n", mode)
    told = problem(tmp_path, named)
    assert told == f"{name} is refused: {named} can be written by other users; chmod go-w, or set {name} elsewhere"
    assert loaded(tmp_path, write(named, f"DATABASE_URL={URL}\n", mode)).gateway is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_may_not_name_the_hook(tmp_path: Path):
    named = write(tmp_path / "named.env", f"HOTSWAP_ON_SWITCH=notify\nDATABASE_URL={URL}\n")
    os.chown(named, 65534, 65534)
    assert "belongs to another user" in problem(tmp_path, named)


@pytest.mark.parametrize(
    ("hold_ms", "ini", "warned"),
    [
        ("14000", "", "DB_HOLD_MAX (14000 ms) is shorter than a failure may take to be confirmed (15000 ms)"),
        ("0", "query_wait_timeout = 10\n", ""),
        ("15000", "query_wait_timeout = 30\n", ""),
        ("15000", "query_wait_timeout = 0\n", ""),
        ("30000", "query_wait_timeout = 30\n", "DB_HOLD_MAX (30000 ms) is not below query_wait_timeout"),
    ],
)
def test_a_hold_that_cannot_work_is_told(gateway: Path, tmp_path: Path, hold_ms: str, ini: str, warned: str):
    (gateway / INI).write_text(f"[pgbouncer]\n{ini}")
    warnings = loaded(tmp_path, HOTSWAP_GATEWAY=str(gateway), DB_HOLD_MAX=hold_ms).warnings
    assert [warned in warning for warning in warnings] == ([True] if warned else [])
