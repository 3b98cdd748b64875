"""Every setting that is not a secret is an option; nothing that is one is."""

from __future__ import annotations

import argparse
import re

import pytest

from hotswap_tui.cli.main import build_parser
from hotswap_tui.cli.options import (
    VARIABLES,
    add_demo_settings_options,
    add_settings_options,
    flag,
    load_settings,
    overrides,
)
from hotswap_tui.cli.parser import Parser
from hotswap_tui.config import settings_table
from hotswap_tui.config.settings import Settings, variables
from hotswap_tui.demo.fast import FAST

URL = "postgresql://ccfinapp:hunter2@localhost/cc_financial"


def parsed(*arguments):
    parser = argparse.ArgumentParser()
    add_settings_options(parser)
    return parser.parse_args(arguments)


def test_the_options_are_the_settings_without_secrets_gateway_and_hook():
    secrets = {
        "DATABASE_URL",
        "DATABASE_URL_SECONDARY",
        "DB_PRIMARY_URL_FROM_SECONDARY",
        "HOTSWAP_TOKEN",
        "HOTSWAP_NOTIFY_URLS",
        "HOTSWAP_HEARTBEAT_URL",
    }
    none = secrets | {"HOTSWAP_GATEWAY", "HOTSWAP_ON_SWITCH"}
    assert list(VARIABLES) == [name for name in variables() if name not in none]


@pytest.mark.parametrize(
    ("variable", "option"),
    [("DB_FAILURE_THRESHOLD", "--db-failure-threshold"), ("HOTSWAP_STATE_DIR", "--state-dir")],
)
def test_an_option_is_named_after_its_variable(variable, option):
    assert flag(variable) == option
    assert overrides(parsed(option, "7")) == {variable: "7"}


def test_the_state_directory_may_be_named_in_full():
    assert overrides(parsed("--hotswap-state-dir", "/x")) == {"HOTSWAP_STATE_DIR": "/x"}


@pytest.mark.parametrize("variable", VARIABLES)
def test_help_says_the_default_that_is_in_force_and_the_unit(variable):
    row = next(row for row in settings_table().splitlines() if row.startswith(f"| `{variable}` |"))
    default = re.sub(r"[`*()]", "", row.split(" | ")[1])
    words = VARIABLES[variable]
    assert words.default == default
    assert (words.value == "MS") == words.meaning.startswith("milliseconds")
    field = next(name for name, field in Settings.model_fields.items() if field.alias == variable)
    assert (words.value == "MS") == field.endswith("_ms")


def test_the_demos_help_says_the_demos_own_defaults():
    parser = Parser()
    add_demo_settings_options(parser, FAST)
    text = " ".join(parser.format_help().split())
    assert "milliseconds between health checks (default: 500)" in text
    assert "failures in a row before failover (default: 3)" in text
    assert "--state-dir" not in text
    assert overrides(parser.parse_args(["--db-failure-threshold", "2"])) == {"DB_FAILURE_THRESHOLD": "2"}


@pytest.mark.parametrize(
    "command", [(), ("demo",), ("gateway", "adopt"), ("gateway", "init"), ("history",), ("settings",)]
)
def test_every_option_says_what_happens_without_it(command, capsys):
    with pytest.raises(SystemExit):
        build_parser().parse_args([*command, "--help"])
    options = re.split(r"\n  (?=-)", capsys.readouterr().out.partition("commands:")[0].partition("Exit codes")[0])[1:]
    told = [" ".join(option.split()) for option in options if not option.startswith(("-h,", "--version"))]
    assert told
    assert [option for option in told if "(default: " not in option] == []


def test_nothing_given_overrides_nothing():
    assert overrides(parsed()) == {}


def test_options_outrank_environment_and_files(tmp_path, monkeypatch):
    """Command line, environment, the later file, the earlier file, the directory's files, profile, default."""
    first, second = tmp_path / "first.env", tmp_path / "second.env"
    first.write_text(f"DATABASE_URL={URL}\nDB_RECOVERY_THRESHOLD=11\nDB_MAX_SWITCHES_PER_HOUR=11\n")
    second.write_text("DB_FAILURE_THRESHOLD=22\nDB_FRESH_CONNECT_EVERY=22\nDB_RECOVERY_THRESHOLD=22\n")
    (tmp_path / ".env").write_text("DB_HEALTH_CHECK_INTERVAL=3333\nDB_MAX_SWITCHES_PER_HOUR=33\n")
    for file in tmp_path.iterdir():
        file.chmod(0o600)
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DB_FAILURE_THRESHOLD", "44")
    monkeypatch.setenv("DB_FRESH_CONNECT_EVERY", "44")
    monkeypatch.chdir(tmp_path)
    files = ("--env-file", str(first), "--env-file", str(second), "--profile", "development")
    loaded = load_settings(parsed(*files, "--db-failure-threshold", "55"))
    settings = loaded.settings
    assert (settings.failure_threshold, loaded.sources["DB_FAILURE_THRESHOLD"]) == (55, "command line")
    assert (settings.fresh_connect_every, loaded.sources["DB_FRESH_CONNECT_EVERY"]) == (44, "environment")
    assert settings.recovery_threshold == 22
    assert settings.max_switches_per_hour == 11
    assert settings.health_check_interval_ms == 3333
    assert (settings.primary_retry_interval_ms, loaded.sources["DB_PRIMARY_RETRY_INTERVAL"]) == (
        60_000,
        "profile development",
    )
    assert (settings.connection_timeout_ms, loaded.sources["DB_CONNECTION_TIMEOUT"]) == (5000, "default")
