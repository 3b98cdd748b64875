from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hotswap_tui.config import Loaded, SettingsError, load, settings_table
from hotswap_tui.core.policy import Policy

URL = "postgresql://u:hunter2@localhost/db"
SECOND = "postgresql://u:hunter2@backup-host/db"
README = Path(__file__).parents[1] / "README.md"


def loaded(
    directory: Path, /, *, overrides: Any = None, env_files: Any = (), profile: Any = None, **environ: str
) -> Loaded:
    return load(overrides or {}, {"DATABASE_URL": URL, **environ}, env_files, directory, profile)


def problems(directory: Path, /, **given: Any) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as error:
        loaded(directory, **given)
    assert "hunter2" not in str(error.value)
    assert "\n".join(error.value.problems) == str(error.value)
    return error.value.problems


def test_the_defaults_are_the_references_and_those_of_the_policy(tmp_path: Path):
    result = loaded(tmp_path)
    assert result.settings.policy() == Policy()
    assert result.secondary is None
    assert result.primary.masked() == "postgresql://u:****@localhost/db"
    assert result.sources["DATABASE_URL"] == "environment"
    assert set(result.sources.values()) == {"environment", "default"}
    assert (result.warnings, result.notes) == ((), ())
    assert "hunter2" not in repr(result)


def test_every_setting_reaches_the_policy_in_seconds(tmp_path: Path):
    policy = loaded(
        tmp_path,
        DB_HEALTH_CHECK_INTERVAL="1500",
        DB_CONNECTION_TIMEOUT="500",
        DB_FAILURE_THRESHOLD="4",
        DB_PRIMARY_RETRY_INTERVAL="2500",
        DB_FAILURE_RETRY_INTERVAL="100",
        DB_RECOVERY_THRESHOLD="5",
        DB_FAILBACK=" Manual ",
        DB_MAX_SWITCHES_PER_HOUR="7",
        DB_STANDBY_CHECK_INTERVAL="60000",
        DB_FRESH_CONNECT_EVERY="8",
        DB_ALLOW_READ_ONLY="no",
        DB_WRITE_CHECK="On",
        DB_HOLD_MAX="2500",
    ).settings.policy()
    assert policy == Policy(1.5, 0.5, 4, 2.5, 0.1, 5, False, 7, 60.0, 8, False, True, 2.5)


def test_the_secondary_is_checked_as_often_as_the_primary_unless_told_otherwise(tmp_path: Path):
    assert loaded(tmp_path, DB_HEALTH_CHECK_INTERVAL="7000").settings.policy().standby_check_interval_s == 7.0


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_value_takes_the_default_and_hides_weaker_sources(tmp_path: Path, empty: str):
    (tmp_path / ".env").write_text(f"DATABASE_URL_SECONDARY={SECOND}\nDB_FAILURE_THRESHOLD=9\n")
    result = loaded(tmp_path, DATABASE_URL_SECONDARY=empty, DB_FAILURE_THRESHOLD=empty)
    assert result.secondary is None
    assert result.settings.failure_threshold == 3
    assert result.sources["DB_FAILURE_THRESHOLD"] == "default"


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("DB_FAILURE_THRESHOLD", "0", "must be a whole number of at least 1"),
        ("DB_FAILURE_THRESHOLD", "1001", "must be a whole number of at most 1000"),
        ("DB_HEALTH_CHECK_INTERVAL", "30s", "must be a whole number from 50 to 86400000"),
        ("DB_STANDBY_CHECK_INTERVAL", "10", "must be a whole number of at least 50"),
        ("DB_CONNECTION_TIMEOUT", "1.5", "must be a whole number from 50 to 600000"),
        ("DB_FAILBACK", "maybe", "must be auto or manual"),
        ("DB_ALLOW_READ_ONLY", "maybe", "must be 1 or 0 (also true and false, yes and no, on and off)"),
    ],
)
def test_a_wrong_value_is_one_line_that_says_what_is_allowed(tmp_path: Path, name: str, value: str, allowed: str):
    (tmp_path / ".env").write_text(f"{name}={value}\n")
    assert problems(tmp_path) == (f"{name}={value} (from .env): {allowed}",)


def test_every_wrong_value_is_told_at_once_and_no_secret_is_shown(tmp_path: Path):
    told = problems(
        tmp_path, DATABASE_URL="postgresql://u:hun@ter2@h/d", DB_FAILURE_THRESHOLD=URL, DB_FAILBACK="\x1b[31m"
    )
    assert told == (
        "DATABASE_URL (from environment): the password seems to contain an unescaped '@'; write %40",
        "DB_FAILURE_THRESHOLD=postgresql://u:****@localhost/db (from environment): must be a whole number from 1 to 1000",
        "DB_FAILBACK=[31m (from environment): must be auto or manual",
    )


def test_a_wrong_url_alone_is_an_error(tmp_path: Path):
    assert problems(tmp_path, DATABASE_URL_SECONDARY="hunter2")[0].startswith(
        "DATABASE_URL_SECONDARY (from environment): "
    )


def test_the_way_from_the_secondary_is_a_url_like_the_others(tmp_path: Path):
    name = "DB_PRIMARY_URL_FROM_SECONDARY"
    result = loaded(
        tmp_path, DATABASE_URL_SECONDARY=SECOND, **{name: "postgresql://u:hunter2@pi.example/db?pgbouncer=true"}
    )
    assert result.from_secondary is not None
    assert result.from_secondary.address == "pi.example:5432"
    assert result.value(name) == "postgresql://u:****@pi.example/db?pgbouncer=true"
    assert any(note.startswith(f"{name}: pgbouncer is Prisma's own") for note in result.notes)
    assert loaded(tmp_path).from_secondary is None
    assert problems(tmp_path, **{name: "hunter2"})[0].startswith(f"{name} (from environment): ")
    assert problems(tmp_path, overrides={name: SECOND}) == (
        f"{name} is never given on the command line: others see it there",
    )


def test_a_missing_url_says_where_it_may_be_set(tmp_path: Path):
    (told,) = problems(tmp_path, DATABASE_URL="")
    assert told.startswith("DATABASE_URL is not set: set it in the environment, in an --env-file, or in ")
    assert told.endswith(".env.production.local, .env.local, .env.production, .env")


def test_a_url_is_refused_on_the_command_line(tmp_path: Path):
    (told,) = problems(tmp_path, overrides={"DATABASE_URL_SECONDARY": SECOND})
    assert told == "DATABASE_URL_SECONDARY is never given on the command line: others see it there"


def test_two_urls_of_one_database_are_an_error(tmp_path: Path):
    (told,) = problems(tmp_path, DATABASE_URL_SECONDARY="postgres://u:other@LOCALHOST:5432/db?sslmode=require")
    assert told == "both URLs name the same database, localhost:5432/db: a failover would change nothing"


@pytest.mark.parametrize(
    ("environ", "warned"),
    [
        ({"DATABASE_URL_SECONDARY": "postgresql://u2:p@localhost/db"}, "told apart by user or options only"),
        (
            {"DB_HEALTH_CHECK_INTERVAL": "4000", "DB_FAILURE_RETRY_INTERVAL": "50"},
            "DB_CONNECTION_TIMEOUT (5000 ms) is longer",
        ),
        (
            {"DB_MAX_SWITCHES_PER_HOUR": "1", "DATABASE_URL_SECONDARY": SECOND},
            "DB_MAX_SWITCHES_PER_HOUR (1) leaves no automatic failback: one switch is always kept for a failover",
        ),
        ({"DB_FAILURE_RETRY_INTERVAL": "31000"}, "DB_FAILURE_RETRY_INTERVAL (31000 ms) is longer"),
        (
            {"DB_SYNC_CHECK_INTERVAL": "0", "DB_MAX_LAG": "5000", "DATABASE_URL_SECONDARY": SECOND},
            "DB_MAX_LAG needs DB_SYNC_CHECK_INTERVAL, which is 0",
        ),
        (
            {"DB_SYNC_CHECK_INTERVAL": "0", "DB_FAILBACK_GUARD": "Block", "DATABASE_URL_SECONDARY": SECOND},
            "DB_FAILBACK_GUARD=block needs DB_SYNC_CHECK_INTERVAL, which is 0",
        ),
        (
            {"DB_FAILURE_TRESHOLD": "4"},
            "DB_FAILURE_TRESHOLD (from environment) is not a setting; did you mean DB_FAILURE_THRESHOLD?",
        ),
        ({"DATABASE_URL_SECONDRY": SECOND}, "did you mean DATABASE_URL_SECONDARY?"),
        ({"HOTSWAP_STATEDIR": "/x"}, "did you mean HOTSWAP_STATE_DIR?"),
    ],
)
def test_a_probable_mistake_is_a_warning(tmp_path: Path, environ: dict[str, str], warned: str):
    (warning,) = loaded(tmp_path, **environ).warnings
    assert warned in warning
    assert "hunter2" not in warning


def test_a_budget_of_one_is_no_mistake_where_a_person_fails_back(tmp_path: Path):
    given = {"DB_MAX_SWITCHES_PER_HOUR": "1", "DB_FAILBACK": "manual", "DATABASE_URL_SECONDARY": SECOND}
    assert loaded(tmp_path, **given).warnings == ()


def test_every_variable_has_its_own_value(tmp_path: Path):
    result = loaded(tmp_path, DATABASE_URL_SECONDARY=SECOND, DB_FAILURE_THRESHOLD="7")
    assert result.value("DATABASE_URL") == "postgresql://u:****@localhost/db"
    assert result.value("DATABASE_URL_SECONDARY") == "postgresql://u:****@backup-host/db"
    assert result.value("DB_FAILURE_THRESHOLD") == 7
    assert result.value("DB_STANDBY_CHECK_INTERVAL") == 30_000
    assert result.value("HOTSWAP_STATE_DIR") == result.settings.state_dir
    assert loaded(tmp_path).value("DATABASE_URL_SECONDARY") is None


@pytest.mark.parametrize("url", ["postgresql://localhost/db", "postgresql://localhost"])
def test_a_user_who_cannot_be_named_is_one_line(tmp_path: Path, monkeypatch, url: str):
    """As in a container that is run with --user 1234."""

    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr("pwd.getpwuid", nobody)
    (told,) = problems(tmp_path, DATABASE_URL=url)
    assert told.startswith("DATABASE_URL (from environment): no user is named")
    assert told.endswith("add one: user@host")


@pytest.mark.parametrize(
    "name", ["DB_HOST", "DB_PASSWORD", "DATABASE_URL_UNPOOLED", "DATABASE_NAME", "HOTSWAP_SOMETHING"]
)
def test_variables_of_others_are_left_alone(tmp_path: Path, name: str):
    assert loaded(tmp_path, **{name: "x"}).warnings == ()


def test_notes_on_connection_strings_name_their_variable(tmp_path: Path):
    notes = loaded(tmp_path, DATABASE_URL=f"{URL}?pgbouncer=true").notes
    assert notes == ("DATABASE_URL: pgbouncer is Prisma's own and has no meaning for a health check; set aside",)


@pytest.mark.parametrize(("uid", "expected"), [(0, "/var/lib/hotswap-tui"), (1000, "/home/someone/state/hotswap-tui")])
def test_the_state_directory_is_the_users_or_the_systems(tmp_path, monkeypatch, uid: int, expected: str):
    monkeypatch.setattr("os.geteuid", lambda: uid)
    monkeypatch.setenv("XDG_STATE_HOME", "/home/someone/state")
    assert loaded(tmp_path).settings.state_dir == Path(expected)


def test_the_readme_shows_the_settings_as_they_are():
    text = README.read_text(encoding="utf-8")
    shown = text.partition("<!-- settings:begin -->")[2].partition("<!-- settings:end -->")[0]
    assert shown.strip() == settings_table()
