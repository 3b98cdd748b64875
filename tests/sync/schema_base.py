"""The database that is changed in the tests of schemas, and what a change is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BASE: Final = """
CREATE SCHEMA app;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE pair AS (a int, b text);
CREATE TYPE span AS RANGE (subtype = float8);
CREATE DOMAIN cents AS bigint CONSTRAINT positive CHECK (VALUE > 0);
CREATE SEQUENCE counter;
CREATE FUNCTION double(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a * 2';
CREATE PROCEDURE tidy(INOUT a int) LANGUAGE plpgsql AS 'BEGIN a := 1; END';
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int, initcond = '0');
CREATE TABLE users (
    id serial PRIMARY KEY, email varchar(100), name text, created timestamptz DEFAULT '2024-01-01 00:00:00+00',
    raw bytea DEFAULT '\\x00ff', wait interval DEFAULT '1 day 2 hours', rate float8 DEFAULT 0.1, "Mixed Case" text DEFAULT E'a\\\\b');
CREATE INDEX users_name ON users (name);
CREATE TABLE orders (
    id int PRIMARY KEY, user_id int CONSTRAINT orders_user REFERENCES users, amount cents, feeling mood,
    twice int GENERATED ALWAYS AS (id * 2) STORED, number int GENERATED ALWAYS AS IDENTITY,
    during int4range, CONSTRAINT some_check CHECK (id > 0), CONSTRAINT once UNIQUE (user_id));
CREATE TABLE parted (a int NOT NULL, at timestamptz, b text) PARTITION BY RANGE (a);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
CREATE INDEX parted_b ON parted (b);
CREATE TABLE base (a int);
CREATE TABLE child () INHERITS (base);
CREATE VIEW seen AS SELECT users.id, users.email FROM users;
CREATE MATERIALIZED VIEW kept AS SELECT count(*) AS many FROM users;
CREATE TRIGGER noting BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION noted();
CREATE RULE ruled AS ON DELETE TO base DO INSTEAD NOTHING;
CREATE POLICY own ON orders FOR SELECT USING (user_id = 1);
CREATE STATISTICS related (dependencies) ON id, user_id FROM orders;
"""

Line = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """Statements that change one database, those that undo it, and what is found when the primary was changed."""

    label: str
    make: str
    undo: str
    found: tuple[Line, ...]
    """Kind, name, and a piece of the line."""
    superuser: bool = False
    side: int = 1

    def mirrored(self) -> tuple[Line, ...]:
        """Return what is found when the secondary was changed."""
        return tuple((kind, name, _mirror(line)) for kind, name, line in self.found)


def _mirror(line: str) -> str:
    swapped = {"+ only on primary": "- only on secondary", "- only on secondary": "+ only on primary"}
    for one, other in swapped.items():
        if line.startswith(one):
            return line.replace(one, other)
    ours, found, theirs = line.partition(", secondary ")
    return f"primary {theirs}, secondary {ours.removeprefix('primary ')}" if found else line


def added(kind: str, name: str) -> Line:
    return kind, name, f"+ only on primary: {kind} {name}"


def removed(kind: str, name: str) -> Line:
    return kind, name, f"- only on secondary: {kind} {name}"


def changed(kind: str, name: str, ours: str = "", theirs: str = "") -> Line:
    return kind, name, f"primary {ours}, secondary {theirs}" if ours else f"~ {kind} {name}: "


def table(label: str, action: str, undo: str, *found: Line, of: str = "users") -> Change:
    return Change(label, f"ALTER TABLE {of} {action}", f"ALTER TABLE {of} {undo}", found)
