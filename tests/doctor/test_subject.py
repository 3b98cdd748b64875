"""What can be looked at, also where the settings are wrong."""

from __future__ import annotations

import pytest

from hotswap_tui.core.values import Role
from hotswap_tui.doctor.subject import Sources, read

ONE = "postgresql://app:hunter2@one.example/app"
TWO = "postgresql://app:hunter2@two.example/app"


@pytest.fixture
def subject(tmp_path):
    def make(environ, *named):
        return read(Sources({}, environ, named, tmp_path))

    return make


def test_right_settings_are_taken_as_they_are(subject, tmp_path):
    found = subject({"DATABASE_URL": ONE, "DATABASE_URL_SECONDARY": TWO, "HOTSWAP_STATE_DIR": str(tmp_path)})
    assert found.loaded is not None
    assert [dsn.address for dsn in found.dsns.values()] == ["one.example:5432", "two.example:5432"]
    assert (found.problems, found.state_dir, found.unreadable) == ((), tmp_path, False)


def test_of_wrong_ones_the_databases_are_saved(subject, tmp_path):
    (tmp_path / ".env").write_text("HOST=one.example\nDATABASE_URL=postgresql://app:hunter2@$HOST/app\n")
    found = subject({"DATABASE_URL_SECONDARY": TWO, "DB_FAILBACK": "soon", "HOTSWAP_STATE_DIR": str(tmp_path)})
    assert found.loaded is None
    assert found.problems == ("DB_FAILBACK=soon (from environment): must be auto or manual",)
    assert found.dsns[Role.PRIMARY].address == "one.example:5432"
    assert found.dsns[Role.SECONDARY].address == "two.example:5432"
    assert found.state_dir == tmp_path


@pytest.mark.parametrize("broken", ["postgresql://app:hunter2@one.example:port/app", ""])
def test_a_wrong_connection_string_leaves_the_other(subject, broken):
    found = subject({"DATABASE_URL": broken, "DATABASE_URL_SECONDARY": TWO})
    assert list(found.dsns) == [Role.SECONDARY]
    assert len(found.problems) == 1
    assert "hunter2" not in str(found)


def test_a_gateway_that_is_none_is_a_problem_only(subject, tmp_path):
    found = subject({"DATABASE_URL": ONE, "HOTSWAP_GATEWAY": str(tmp_path)})
    assert found.gateway is None
    assert "is not a gateway" in found.problems[0]
    assert list(found.dsns) == [Role.PRIMARY]


def test_a_gateway_that_was_refused_is_not_looked_at(subject, tmp_path):
    """Whoever can write the file that names it could name anything."""
    named = tmp_path / "named.env"
    named.write_text(f"DATABASE_URL={ONE}\nHOTSWAP_GATEWAY={tmp_path}\n")
    named.chmod(0o666)
    found = subject({}, named)
    assert "HOTSWAP_GATEWAY is refused" in found.problems[0]
    assert found.gateway is None


def test_a_file_that_cannot_be_read_leaves_nothing(subject, tmp_path):
    found = subject({"DATABASE_URL": ONE}, tmp_path / "missing.env")
    assert found.unreadable
    assert "missing.env" in found.problems[0]
    assert not found.dsns
