"""`hotswap-tui settings` shows what is in force and where it came from, and no password."""

from __future__ import annotations

import pytest

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.main import main
from hotswap_tui.config import settings_table
from hotswap_tui.config.settings import variables

SECRET = "hunter2-and-more"
PRIMARY = f"postgresql://ccfinapp:{SECRET}@localhost:5432/cc_financial"
SECONDARY = f"host=backup-host dbname=cc_financial user=user password='{SECRET}'"


@pytest.fixture(autouse=True)
def _nothing_set(tmp_path, monkeypatch):
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_every_variable_has_a_line_with_value_and_source(monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", PRIMARY)
    monkeypatch.setenv("DATABASE_URL_SECONDARY", SECONDARY)
    monkeypatch.setenv("DB_PRIMARY_URL_FROM_SECONDARY", PRIMARY.replace("localhost", "pi.example"))
    assert main(["settings", "--db-failure-threshold", "4", "--profile", "development"]) == exit_codes.OK
    lines = {line.split()[0]: line.split(maxsplit=1)[1] for line in capsys.readouterr().out.splitlines()}
    assert set(lines) == set(variables())
    assert lines["DATABASE_URL"] == "postgresql://ccfinapp:****@localhost:5432/cc_financial  (environment)"
    assert "****" in lines["DATABASE_URL_SECONDARY"]
    assert lines["DB_PRIMARY_URL_FROM_SECONDARY"].startswith("postgresql://ccfinapp:****@pi.example:5432/")
    assert lines["DB_FAILURE_THRESHOLD"] == "4  (command line)"
    assert lines["DB_HEALTH_CHECK_INTERVAL"] == "10000  (profile development)"
    assert lines["DB_FAILBACK"] == "auto  (default)"
    assert lines["DB_ALLOW_READ_ONLY"] == "1  (default)"
    assert SECRET not in str(lines)


def test_without_a_secondary_the_hint_is_said_beside_the_table(monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", PRIMARY)
    assert main(["settings"]) == exit_codes.OK
    out, err = capsys.readouterr()
    assert "DATABASE_URL_SECONDARY         not set  (default)" in out
    assert "Set DATABASE_URL_SECONDARY to enable automatic database failover" in err


@pytest.mark.parametrize(
    ("arguments", "environ", "said"),
    [
        ([], {}, "DATABASE_URL is not set"),
        (["--env-file", "missing.env"], {"DATABASE_URL": PRIMARY}, "missing.env"),
        (
            ["--db-failback", "never"],
            {"DATABASE_URL": PRIMARY},
            "DB_FAILBACK=never (from command line): must be auto or manual",
        ),
        ([], {"DATABASE_URL": PRIMARY, "DB_FAILURE_THRESHOLD": SECONDARY}, "DB_FAILURE_THRESHOLD="),
        ([], {"DATABASE_URL": f"postgresql://u:{SECRET}/@h/d"}, "DATABASE_URL (from environment)"),
    ],
)
def test_what_is_wrong_is_one_line_without_a_password(arguments, environ, said, monkeypatch, capsys):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert main(["settings", *arguments]) == exit_codes.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert len(err.splitlines()) == 1
    assert SECRET not in err


def test_the_documentation_is_the_readmes_table(capsys):
    assert main(["settings", "--markdown"]) == exit_codes.OK
    assert capsys.readouterr().out == settings_table() + "\n"
