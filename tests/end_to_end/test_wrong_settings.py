"""What cannot be shown is said in a line, before the screen is touched."""

from __future__ import annotations

import pytest

SECRET = "s3cret-Of-Mine"
URL = f"postgresql://ccfinapp:{SECRET}@127.0.0.1:5432/cc_financial"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"DB_FAILURE_THRESHOLD": "none"}, "DB_FAILURE_THRESHOLD=none (from environment): must be a whole number"),
        ({"DATABASE_URL": ""}, "DATABASE_URL is not set"),
        ({"DATABASE_URL": URL, "DATABASE_URL_SECONDARY": URL}, "both URLs name the same database"),
        ({"DATABASE_URL": f"mysql://u:{SECRET}@h/d"}, "DATABASE_URL (from environment)"),
        ({"DATABASE_URL": f"postgresql://u:{SECRET}@h:notaport/d"}, "DATABASE_URL (from environment)"),
        ({"DB_CONNECTION_TIMEOUT": URL}, "DB_CONNECTION_TIMEOUT=postgresql://ccfinapp:****@"),
    ],
)
def test_a_wrong_setting_is_one_line(workplace, environ, said):
    with workplace.show(**environ) as terminal:
        assert terminal.process.wait(10) == 2
        terminal.wait_for(said[:100])
        text = terminal.raw.decode()
    assert len(text.strip().splitlines()) == 1
    assert "Traceback" not in text
    assert SECRET not in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("environ", "code", "said"),
    [
        ({"TERM": "dumb"}, 4, "this terminal cannot show the dashboard (TERM=dumb)"),
        ({"HOTSWAP_STATE_DIR": "/proc/nowhere"}, 1, "/proc/nowhere"),
    ],
)
def test_what_stands_in_the_way_is_one_line(workplace, environ, code, said):
    with workplace.show(**environ) as terminal:
        assert terminal.process.wait(10) == code
        terminal.wait_for(said)
        text = terminal.raw.decode()
    assert len(text.strip().splitlines()) == 1


def test_a_wrong_setting_is_told_without_a_terminal_too(workplace):
    """Under systemd, or in a pipe, what is wrong with the settings is what matters first."""
    done = workplace.run("--db-failure-threshold", "0")
    assert done.returncode == 2
    assert done.stderr == "DB_FAILURE_THRESHOLD=0 (from command line): must be a whole number of at least 1\n"


def test_without_a_terminal_it_says_so(workplace):
    done = workplace.run()
    assert done.returncode == 4
    assert "needs a terminal" in done.stderr
    assert len(done.stderr.splitlines()) == 1
