"""Which pg_dump and pg_restore, which command, which key: decided without a server."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hotswap_tui.dsn import parse
from hotswap_tui.sync.dumps.access import access, memory_file
from hotswap_tui.sync.dumps.client_tools import Tools, archive_version, choose_for_dump, choose_for_restore, find_tools
from hotswap_tui.sync.dumps.dump_manifest import Count, differences
from hotswap_tui.sync.dumps.dump_source import Facts
from hotswap_tui.sync.dumps.encryption import Cipher, Method, method_of
from hotswap_tui.sync.dumps.load_list import load_list
from hotswap_tui.sync.dumps.moving_progress import Meter, Moved
from hotswap_tui.sync.dumps.restore_target import Target
from hotswap_tui.sync.errors import SyncError


def tools(*majors):
    return [Tools(Path(f"/usr/lib/postgresql/{major}/bin"), major) for major in majors]


@pytest.mark.parametrize(
    ("found", "server", "chosen"),
    [((15, 16, 17), 16, 16), ((18, 15), 15, 15), ((18,), 15, 18), ((17, 18), 16, 17), ((18, 17), 9, 17)],
)
def test_the_oldest_pg_dump_that_reads_the_server(found, server, chosen):
    assert choose_for_dump(tools(*found), server).major == chosen


@pytest.mark.parametrize(
    ("found", "archive", "server", "chosen"),
    [
        ((15, 18), 15, 18, 18),
        ((15, 16, 18), 15, 16, 16),
        ((15, 18), 15, 15, 15),
        ((18,), 15, 17, 18),
        ((16,), 15, 18, 16),
        ((17, 18), 17, 18, 18),
        ((16, 18), 14, 15, 16),
    ],
)
def test_the_pg_restore_nearest_to_the_server(found, archive, server, chosen):
    assert choose_for_restore(tools(*found), archive, server).major == chosen


@pytest.mark.parametrize(
    ("choose", "words"),
    [
        (
            lambda: choose_for_dump((), 17),
            "pg_dump 17 or newer is needed and there is none; install postgresql-client-17",
        ),
        (lambda: choose_for_dump(tools(15), 17), "there is only 15 in /usr/lib/postgresql/15/bin"),
        (lambda: choose_for_restore(tools(15), 18, 18), "pg_restore 18 or newer is needed"),
        (lambda: choose_for_restore(tools(15, 18), 18, 15), "use logical replication"),
        (lambda: choose_for_restore(tools(18), 15, 15), "install postgresql-client-15"),
    ],
)
def test_what_is_missing_is_named_with_its_package(choose, words):
    with pytest.raises(SyncError) as raised:
        choose()
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_is_on_this_machine_is_found_and_debian_s_wrapper_is_passed_over(tmp_path):
    wrapper = tmp_path / "pg_wrapper"
    wrapper.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 99.1'\n")
    wrapper.chmod(0o755)
    for name in ("pg_dump", "pg_restore"):
        (tmp_path / name).symlink_to(wrapper)
    found = find_tools({"PATH": f"{tmp_path}:relative"})
    assert 18 in {each.major for each in found}
    assert 99 not in {each.major for each in found}


def test_an_archive_says_who_has_written_it():
    assert (
        archive_version(";     Dumped from database version: 16.2\n;     Dumped by pg_dump version: 17.1 (Debian)\n")
        == 17
    )
    with pytest.raises(SyncError, match="does not say"):
        archive_version("nothing")


@pytest.mark.parametrize(
    ("head", "method"),
    [
        (b"PGDMP\x01\x10", None),
        (b"Salted__12345678", Method.OPENSSL),
        (b"age-encryption.org/v1\n", Method.AGE),
        (b"-----BEGIN AGE ENCRYPTED FILE-----\n", Method.AGE),
    ],
)
def test_a_file_is_known_by_its_first_bytes(head, method):
    assert method_of(head) is method


@pytest.mark.parametrize("head", [b"", b"--\n-- PostgreSQL database dump\n", b"\x1f\x8b\x08"])
def test_another_file_is_refused(head):
    with pytest.raises(SyncError, match="no dump in PostgreSQL's custom format"):
        method_of(head)


@pytest.fixture
def key(tmp_path):
    def write(text, mode=0o600):
        path = tmp_path / "key"
        path.touch(mode=0o600)
        path.write_text(text)
        path.chmod(mode)
        return path

    return write


@pytest.fixture
def age(tmp_path, monkeypatch):
    """An age that only exists: the commands are looked at, not run."""
    (tmp_path / "age").touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("text", "mode", "option"),
    [("age1qqq\n", 0o644, "--recipients-file"), ("# public key: age1q\nAGE-SECRET-KEY-1QQ\n", 0o600, "--identity")],
)
def test_age_encrypts_to_recipients_or_to_an_identity(key, age, text, mode, option):
    path = key(text, mode)
    program, *words = Cipher(Method.AGE, path).encrypting()
    assert program.endswith("/age")
    assert words == ["--encrypt", option, str(path)]


def test_age_decrypts_with_an_identity_only(key, age):
    path = key("AGE-SECRET-KEY-1QQ\n")
    assert Cipher(Method.AGE, path).decrypting()[1:] == ["--decrypt", "--identity", str(path)]
    with pytest.raises(SyncError, match="holds no private key"):
        Cipher(Method.AGE, key("age1qqq\n")).decrypting()


@pytest.mark.parametrize(
    ("method", "text", "mode", "words"),
    [
        (Method.OPENSSL, "secret\n", 0o640, "others can reach it (mode 0640); chmod 600"),
        (Method.AGE, "AGE-SECRET-KEY-1QQ\n", 0o604, "chmod 600"),
        (Method.OPENSSL, "\nsecond line\n", 0o600, "no key in its first line"),
    ],
)
def test_a_key_that_is_no_secret_is_refused(key, age, method, text, mode, words):
    with pytest.raises(SyncError) as raised:
        Cipher(method, key(text, mode)).encrypting()
    assert words in str(raised.value)


def test_a_missing_key_or_program_is_named(tmp_path, key, monkeypatch):
    with pytest.raises(SyncError, match="No such file"):
        Cipher(Method.OPENSSL, tmp_path / "none").encrypting()
    with pytest.raises(SyncError, match="regular file"):
        Cipher(Method.OPENSSL, Path("/dev/null")).encrypting()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(SyncError, match="age is not installed"):
        Cipher(Method.AGE, key("age1qqq\n")).encrypting()


def test_programs_are_told_everything_but_the_secrets(monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "ambient")
    monkeypatch.setenv("PGHOST", "elsewhere")
    dsn = parse(
        "postgresql://ann:pa%3Ass%5Cword@db:5433/books?sslmode=require&sslpassword=key-secret&options=-c%20a.b%3D1"
    )
    with access(dsn, "test") as way:
        (passfile, service) = way.descriptors
        assert os.pread(passfile, 100, 0) == b"*:*:*:*:pa\\:ss\\\\word\n"
        assert os.pread(service, 100, 0) == b"[hotswap]\nsslpassword=key-secret\n"
        assert os.fstat(passfile).st_mode & 0o777 == 0o600
        told = way.conninfo + " ".join(f"{name}={value}" for name, value in way.environment.items())
    assert not [word for word in ("pa:ss", "key-secret", "ambient", "elsewhere", "sslcertmode") if word in told]
    assert "host=db" in told
    assert "options='-c a.b=1'" in told
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(passfile)


LISTING = """\
; a comment: 1; 2 3 EXTENSION - citext
2; 3079 16385 EXTENSION - uuid-ossp {}
3; 0 0 COMMENT - EXTENSION uuid-ossp {}
4; 3079 1 EXTENSION - citext {}
5; 1259 2 TABLE public p ann
6; 0 3 TABLE DATA public p ann
7; 0 4 TABLE DATA public theirs ann
8; 2606 5 CONSTRAINT public p p_pkey ann
9; 1259 6 INDEX public p_idx ann
10; 2606 7 CONSTRAINT public p 1 p 1_pkey ann
11; 1259 8 INDEX public p 1_idx ann
12; 0 0 INDEX ATTACH public p 1_idx ann
""".replace("{}", "")  # nobody owns an extension


def test_what_is_attached_comes_before_what_it_is_attached_to_and_extensions_that_are_there_are_left_alone():
    """The order of creation, of which pg_restore's drops are the reverse; a line break in a name is shown as a space."""
    facts = Facts("d", 18, False, "1", ("uuid-ossp",), (), (), False)
    attached = frozenset({"CONSTRAINT public p\n1 p 1_pkey", "INDEX public p 1_idx"})
    target = Target(facts, (), attached=attached, brought=frozenset({"TABLE DATA public theirs"}))
    loaded = load_list(LISTING, target).splitlines()
    assert [int(line.partition(";")[0]) for line in loaded if not line.startswith(";")] == [4, 5, 6, 10, 11, 8, 9, 12]


def test_a_list_in_another_encoding_is_handed_on_as_it_is():
    with memory_file(b"TABLE caf\xe9".decode(errors="surrogateescape")) as (place, _numbers):
        assert Path(place).read_bytes() == b"TABLE caf\xe9"


def test_rows_are_compared_table_by_table():
    expected = [Count("a", "same", 1), Count("a", "fewer", 2), Count("a", "gone", 3)]
    found = [Count("a", "same", 1), Count("a", "fewer", 1), Count("a", "more", 9)]
    assert [str(each) for each in differences(expected, found)] == [
        "a.fewer: 2 rows were dumped, 1 are there",
        "a.gone: 3 rows were dumped, the table is not there",
    ]


def test_progress_guesses_only_with_something_to_go_by():
    assert Moved("copying", 50, 2.0, 200).left_s == 6.0
    assert Moved("copying", 50, 2.0, 200).done == 0.25
    assert Moved("copying", 300, 2.0, 200).done == 0.99
    assert Moved("copying", 50, 0.5, 200).left_s is None
    assert (Moved("dumping", 50, 2.0).done, Moved("dumping", 50, 2.0).left_s) == (None, None)


def test_nobody_guesses_once_everything_has_passed():
    told: list[Moved] = []
    meter = Meter(told.append, 200)
    meter.at(150)
    meter.then("building indexes")
    assert [(moved.stage, moved.done) for moved in told] == [("", 0.75), ("building indexes", None)]
