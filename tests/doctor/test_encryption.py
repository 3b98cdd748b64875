"""How far a connection is protected, and where that is worth a warning."""

from __future__ import annotations

import pytest

from hotswap_tui.doctor.encryption import encryption
from hotswap_tui.doctor.facts import Lookup
from hotswap_tui.doctor.finding import Level
from tests.doctor.looks import TLS, details, look

URL = "postgresql://app:secret@db.example/app"
AT_HOME = (Lookup("db.example", ("192.168.0.7",)),)
OUTSIDE = (Lookup("db.example", ("1.1.1.1",)),)


@pytest.mark.parametrize(
    ("query", "tls", "lookups", "local", "level", "words"),
    [
        ("", None, AT_HOME, False, Level.WARNING, "plain text: what goes over the network"),
        ("?sslmode=disable", None, AT_HOME, False, Level.WARNING, "plain text"),
        ("", None, AT_HOME, True, Level.OK, "does not leave this machine"),
        ("", TLS, AT_HOME, False, Level.NOTE, "nobody verifies who answers (sslmode=prefer)"),
        ("?sslmode=require", TLS, OUTSIDE, False, Level.WARNING, "can pose as the server"),
        ("?sslmode=require", TLS, AT_HOME, True, Level.OK, "does not leave this machine"),
        ("?sslmode=verify-ca", TLS, OUTSIDE, False, Level.NOTE, "not the server's name"),
        ("?sslmode=verify-full", TLS, OUTSIDE, False, Level.OK, "certificate and name verified"),
    ],
)
def test_what_is_said(query, tls, lookups, local, level, words):
    seen = look(url=URL + query, lookups=lookups, local=local, details=details(encryption=tls))
    (found,) = encryption(seen)
    assert found.level is level
    assert words in found.text
    assert ("sslmode=verify-full in DATABASE_URL" in found.fix) is (level is not Level.OK)


def test_who_asked_for_plain_text_is_told_to_take_that_out():
    (found,) = encryption(look(url=f"{URL}?sslmode=disable", details=details(encryption=None)))
    assert found.fix.startswith("take sslmode=disable out")


def test_tls_that_ends_before_the_server_is_named():
    seen = look(url=f"{URL}?sslmode=verify-full", details=details(server_tls=False))
    assert "ends before the server" in next(encryption(seen)).text


def test_what_the_checks_cannot_do_is_told():
    _, found = encryption(look(url=f"{URL}?sslmode=verify-full&channel_binding=require"))
    assert (found.level, "cannot bind" in found.text, "verify-full" in found.fix) == (Level.NOTE, True, True)


def test_a_socket_needs_none():
    (found,) = encryption(look(url="postgresql:///app?host=/run/postgresql&user=app", details=details(encryption=None)))
    assert (found.level, "Unix socket" in found.text) == (Level.OK, True)


def test_nothing_is_said_about_a_server_that_could_not_be_asked():
    assert not [*encryption(look(details=None))]
