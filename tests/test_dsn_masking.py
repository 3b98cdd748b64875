from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotswap_tui.dsn import DsnError, mask, parse

TEMPLATES = (
    "postgresql://user:{}@host:5432/db",
    "postgresql://user:{}@host/db?sslmode=require&schema=public",
    "postgres://:{}@/db?host=/run/postgresql",
    "postgresql+asyncpg://user:{}@[::1]:5432/db",
    "jdbc:postgresql://host/db?user=u&password={}",
    "postgresql://host/db?password={}&user=u",
    "postgresql://host/db?%70assword={}",
    "postgresql://user@host/db?sslcert=a&sslpassword={}",
    "psql 'postgresql://user:{}@host/db'",
    "host=h user=u password={}",
    "password={} host=h",
    "password = '{}' host=h",
    "host=h passwrod={} user=u",
    "mysql://user:{}@host/db",
    "{}",
    "the password is {}, use it",
)
PASSWORDS = st.text(min_size=4, max_size=40) | st.text("abc@/?#[]%: &='\"\\,;$\n", min_size=4, max_size=20)


@settings(deadline=None)
@given(template=st.sampled_from(TEMPLATES), password=PASSWORDS)
def test_no_password_is_ever_shown(template: str, password: str):
    """What the same template shows for another password is no part of this one."""
    others = mask(template.format("Qx7")) + mask(template.format("Q x&7"))
    for written in (password, quote(password, safe="")):
        text = template.format(written)
        if written not in others:
            assert written not in mask(text)
            assert written not in told(text) or written in f"{others}postgresql://user@host/db"


def told(text: str) -> str:
    """Return what a person sees of `text` after it was parsed: how it is shown, or the error."""
    try:
        dsn = parse(text)
    except DsnError as error:
        return str(error)
    return dsn.masked()


@settings(deadline=None)
@given(
    template=st.sampled_from(TEMPLATES),
    before=st.text("a@/?#[]%: &='", max_size=5),
    after=st.text("a@/?#[]%: &='", max_size=5),
)
def test_no_error_and_no_note_shows_a_piece_of_a_password(template: str, before: str, after: str):
    text = template.format(f"{before}Zq9{after}")
    try:
        notes = parse(text).notes
    except DsnError as error:
        notes = (str(error),)
    assert "Zq9" not in "".join(notes)


@settings(deadline=None)
@given(text=st.text(max_size=60))
def test_masked_text_has_no_control_characters_and_any_text_is_parsed_or_refused(text: str):
    assert mask(text).isprintable()
    assert told(text).isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "postgresql://ccfinapp:change-me@localhost:5432/cc_financial",
            "postgresql://ccfinapp:****@localhost:5432/cc_financial",
        ),
        ("postgresql://user:password@ep-cool-name.neon.tech/db", "postgresql://user:****@ep-cool-name.neon.tech/db"),
        ("postgresql://u:p@h/db?sslmode=require&password=x", "postgresql://u:****@h/db?sslmode=require&password=****"),
        ("postgresql://u:p@ss/w?rd@h/db", "postgresql://u:****@h/db"),
        ("postgresql://u:p@h1:1,[::1]:2/db", "postgresql://u:****@h1:1,[::1]:2/db"),
        ("postgresql://u:forgot-the-host/db", "postgresql://****"),
        ("postgresql://h/db?password=p@ss", "postgresql://****@****"),
        ("postgresql://u@h/db", "postgresql://u@h/db"),
        ("postgresql://u:p@h/db?unheard=x", "postgresql://u:****@h/db?****"),
        ("host=h user=u password='a b' dbname=d", "host=h user=u password=**** dbname=d"),
        ("host=h user=u password=a b dbname=d", "host=h user=u ****"),
        ("postgresql://u:p\x1b[31m@h/\x07db", "postgresql://u:****@h/db"),
        ("hunter2", "****"),
        ("", ""),
    ],
)
def test_what_is_shown(text: str, shown: str):
    assert mask(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("host=h port=1 user=u password=p dbname=d sslmode=require", "postgresql://u:****@h:1/d?sslmode=require"),
        ("host=::1 dbname=d sslpassword=p", "postgresql://[::1]/d?sslpassword=****"),
        ("postgresql://h/db?user=me@example.org", "postgresql://h/db?user=me%40example.org"),
    ],
)
def test_a_parsed_string_is_shown_as_a_url(text: str, shown: str):
    assert parse(text).masked() == shown


def test_the_repr_of_a_parsed_string_shows_no_secret():
    dsn = parse("postgresql://u:hunter1@h/db?sslkey=k&sslpassword=Secret2&unknown=Secret3")
    assert "hunter" not in repr(dsn)
    assert "hunter" not in f"{dsn} {dsn.notes} {dsn.identity} {dsn.address}"
