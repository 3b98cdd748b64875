from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from hotswap_tui.config import Loaded, Profile, SettingsError, load
from hotswap_tui.config.sources import read_explicit

URL = "postgresql://u:hunter2@localhost/db"
NAME = "DB_FAILURE_THRESHOLD"


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def from_file(directory: Path, text: str, **environ: str) -> Loaded:
    return load({}, environ, [write(directory / "app.env", text)], directory, None)


def password(result: Loaded) -> str:
    assert result.primary.password is not None
    return result.primary.password.get_secret_value()


def test_the_stronger_source_wins_and_is_named(tmp_path: Path):
    """From weak to strong, each source is added to those before it."""
    files: list[Path] = []
    environ = {"DATABASE_URL": URL}
    overrides: dict[str, str] = {}

    def now(profile: Profile | None = "development") -> tuple[int, str]:
        result = load(overrides, environ, files, tmp_path, profile)
        return result.settings.failure_threshold, result.sources[NAME]

    assert now(None) == (3, "default")
    assert now() == (2, "profile development")
    for number, name in enumerate((".env", ".env.production", ".env.local", ".env.production.local"), start=11):
        write(tmp_path / name, f"{NAME}={number}")
        assert now() == (number, name)
    for number in (21, 22):
        files.append(write(tmp_path / f"{number}.env", f"{NAME}={number}"))
        assert now() == (number, str(files[-1]))
    environ[NAME] = "31"
    assert now() == (31, "environment")
    overrides[NAME] = "41"
    assert now() == (41, "command line")


@pytest.mark.parametrize(("profile", "policy"), [("development", (10.0, 2, 60.0)), ("production", (30.0, 3, 120.0))])
def test_a_profile_is_what_the_reference_recommends(tmp_path: Path, profile: Profile, policy: tuple[float, int, float]):
    got = load({}, {"DATABASE_URL": URL}, [], tmp_path, profile).settings.policy()
    assert (got.check_interval_s, got.failure_threshold, got.primary_retry_interval_s) == policy


def test_quotes_comments_and_export_are_read_as_dotenv_allows(tmp_path: Path):
    text = f"# a comment\nexport DATABASE_URL=\"{URL}\"   # the primary\n{NAME}=4   # four\nDB_FAILBACK='manual'\n"
    result = from_file(tmp_path, "\ufeff" + text)
    assert password(result) == "hunter2"
    assert (result.settings.failure_threshold, result.settings.failback) == (4, "manual")


@pytest.mark.parametrize(
    ("written", "read", "noted"),
    [
        ("pa$word", "pa$word", "contains a $ that names no variable"),
        ("pa$9", "pa$9", None),
        (r"pa\$word", "pa$word", None),
        (r"pa\$SET", "pa$SET", None),
        ("pa$SET", "pathis", "replaced by that variable"),
        ("${SET}", "this", "replaced by that variable"),
        ("${UNSET:-other}", "other", "replaced by that variable"),
        ("${INNER}", "a-this", "replaced by that variable"),
        ("${LOOP}x", "${LOOP}x", "contains a $ that names no variable"),
    ],
)
def test_a_dollar_sign_is_read_as_next_reads_it_but_never_lost(
    tmp_path: Path, written: str, read: str, noted: str | None
):
    text = f"INNER=a-${{SET}}\nLOOP=${{LOOP}}\nDATABASE_URL='postgresql://u:{written}@localhost/db'\n"
    result = from_file(tmp_path, text, SET="this")
    assert password(result) == read
    assert (noted in "".join(result.notes)) if noted else result.notes == ()


def doubling(lines: int, first: str) -> str:
    """Make each variable of its predecessor twice: 2 to the power of `lines` pieces."""
    return f"V0={first}\n" + "".join(f"V{n}=${{V{n - 1}}}${{V{n - 1}}}\n" for n in range(1, lines + 1))


@pytest.mark.parametrize(("used", "ends"), [("${V40}", "DATABASE_URL_SECONDARY"), ("x", "")])
def test_references_that_multiply_are_cut_short(tmp_path: Path, used: str, ends: str):
    text = f"{doubling(40, 'abcdefgh')}DATABASE_URL={URL}\nDATABASE_URL_SECONDARY=postgresql://u:{used}@h/db\n"
    began_s = time.process_time()
    if ends:
        with pytest.raises(SettingsError) as error:
            from_file(tmp_path, text)
        assert error.value.problems == (
            f"V14 (from {tmp_path / 'app.env'}) is longer than 64 kB with its $NAMEs replaced",
        )
    else:
        from_file(tmp_path, text)
    assert time.process_time() - began_s < 1


def test_a_variable_that_is_named_often_is_replaced_once(tmp_path: Path):
    """Thirty lines of references to nothing long: a thousand million pieces if each were looked up anew."""
    began_s = time.process_time()
    result = from_file(tmp_path, f"{doubling(30, '')}DATABASE_URL='postgresql://u:p${{V30}}@h/db'\n")
    assert password(result) == "p"
    assert time.process_time() - began_s < 1


def test_a_chain_of_references_without_end_is_an_error(tmp_path: Path):
    chain = "".join(f"V{n}=${{V{n + 1}}}\n" for n in range(5000))
    with pytest.raises(SettingsError, match=r"V99 .*: its \$NAMEs lead through more than 100 others"):
        from_file(tmp_path, f"{chain}DATABASE_URL='postgresql://u:${{V0}}@h/db'\n")


def test_a_dollar_sign_in_the_environment_is_kept(tmp_path: Path):
    result = load({}, {"DATABASE_URL": "postgresql://u:$SET@h/db", "SET": "x"}, [], tmp_path, None)
    assert password(result) == "$SET"
    assert result.notes == ()


def test_a_line_that_is_no_assignment_is_told(tmp_path: Path):
    result = from_file(tmp_path, f"DATABASE_URL={URL}\nhunter2 is here\n")
    assert result.warnings == (f"{tmp_path / 'app.env'} line 2 is not of the form NAME=value; it is left out",)


@pytest.mark.parametrize(
    ("mode", "warned"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True), (0o620, True)]
)
def test_a_file_with_a_url_that_others_can_read_is_a_warning(tmp_path: Path, mode: int, warned: bool):
    write(tmp_path / ".env", f"DATABASE_URL={URL}", mode)
    expected = (".env contains a DATABASE_URL and other users can read it; chmod 600 .env",) if warned else ()
    assert load({}, {}, [], tmp_path, None).warnings == expected


def test_a_file_without_a_url_may_be_read_by_others(tmp_path: Path):
    write(tmp_path / ".env", f"{NAME}=4", 0o644)
    assert load({}, {"DATABASE_URL": URL}, [], tmp_path, None).warnings == ()


def test_our_own_variables_are_not_read_from_a_file_that_lies_there(tmp_path: Path):
    write(tmp_path / ".env", "HOTSWAP_STATE_DIR=/planted\nHOTSWAP_ON_SWITCH=/planted/hook\n")
    result = load({}, {"DATABASE_URL": URL}, [], tmp_path, None)
    assert result.sources["HOTSWAP_STATE_DIR"] == "default"
    assert result.settings.state_dir != Path("/planted")
    told = "HOTSWAP_STATE_DIR in .env is left out: it is read from the environment or --env-file only"
    assert told in result.warnings


@pytest.mark.parametrize("source", ["command line", "environment", "file"])
def test_our_own_variables_are_read_from_what_was_named(tmp_path: Path, source: str):
    given = {"HOTSWAP_STATE_DIR": "/chosen"}
    file = write(tmp_path / "app.env", "HOTSWAP_STATE_DIR=/chosen" if source == "file" else "")
    environ = {"DATABASE_URL": URL} | (given if source == "environment" else {})
    result = load(given if source == "command line" else {}, environ, [file], tmp_path, None)
    assert result.settings.state_dir == Path("/chosen")


def test_a_named_file_that_cannot_be_read_is_an_error(tmp_path: Path):
    missing, binary = tmp_path / "missing.env", tmp_path / "binary.env"
    binary.write_bytes(b"\xff\xfe")
    for path, said in ((missing, "cannot be read: No such file or directory"), (binary, "is not UTF-8 text")):
        with pytest.raises(SettingsError) as error:
            load({}, {"DATABASE_URL": URL}, [path], tmp_path, None)
        assert error.value.problems == (f"--env-file {path} {said}",)


def test_a_file_that_lies_there_and_cannot_be_read_is_a_warning(tmp_path: Path):
    (tmp_path / ".env").write_bytes(b"\xff\xfe")
    (tmp_path / ".env.local").mkdir()
    result = load({}, {"DATABASE_URL": URL}, [], tmp_path, None)
    assert result.warnings == (".env is not UTF-8 text; it is left out",)


def test_a_named_file_may_be_a_pipe(tmp_path: Path):
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as pipe:
        pipe.write(f"DATABASE_URL={URL}\n")
    try:
        result = load({}, {}, [Path(f"/dev/fd/{reader}")], tmp_path, None)
    finally:
        os.close(reader)
    assert result.primary.address == "localhost:5432"
    assert result.warnings == ()


def test_a_pipe_is_read_once_and_asked_as_often_as_a_file(tmp_path: Path):
    reader, writer = os.pipe()
    os.write(writer, b"DB_FAILURE_THRESHOLD=7\n")
    os.close(writer)
    try:
        for _ in range(2):
            assert read_explicit(Path(f"/proc/self/fd/{reader}")).values == {"DB_FAILURE_THRESHOLD": "7"}
    finally:
        os.close(reader)
