"""What a database is made of, as readable definitions, and one hash that stands for all of it.

Compared are schemas, tables (persistence, partitioning, inheritance, replica identity, row security), columns, constraints, indexes,
views, materialized views, functions, procedures, aggregates, triggers, rules, policies, enums, domains, composite and range types,
collations, sequences' definitions, extended statistics, foreign tables and extensions.

Not compared are owners and grants, comments, rows and sequences' values, statistics, tablespaces and storage parameters, the physical
order of columns, a sequence's start and cache, our own `hotswap_heartbeat`, what belongs to an extension, temporary objects, system
schemas, and what applications hardly define for themselves: operators, casts, text search configurations, event triggers,
publications and foreign servers. NOT NULL is a column's nullability, in PostgreSQL 18 too, where it is a constraint with a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Final

from hotswap_tui.routing.inspection import InspectionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap_tui.routing.inspection import Inspection

TIMEOUT_S: Final = 30.0
"""What a catalogue of some thousand tables takes a small machine over a slow line."""

_SQL: Final = resources.files("hotswap_tui.sync") / "sql"
_CATALOGUE: Final = (_SQL / "catalogue.sql").read_text(encoding="utf-8")
_FINGERPRINT: Final = Template((_SQL / "catalogue_fingerprint.sql").read_text(encoding="utf-8")).substitute(
    catalogue=_CATALOGUE
)
_SERVER: Final = "server"
_LOGIN: Final = "login"
_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_$]*")


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Which object; texts are the server's own, not cleaned."""

    kind: str
    """`table`, `column`, …, as the module says."""
    schema: str
    """Empty for a schema itself and an extension."""
    relation: str
    """The table of a column, constraint, trigger, rule or policy; otherwise empty."""
    name: str
    signature: str = ""
    """The types of a function's arguments, in parentheses."""

    def __str__(self) -> str:
        """Return the name as SQL has it, quoted where it must be; not cleaned."""
        return ".".join(quoted(part) for part in (self.schema, self.relation, self.name) if part) + self.signature


@dataclass(frozen=True, slots=True)
class Item:
    """One object: how it is defined, and what stands and falls with it."""

    definition: str
    owner: Key | None = None
    """What it is a part of: the table of a column, the schema of a table."""
    follows: Key | None = None
    """The same part of the parent table, of which this one is a consequence."""
    of_login: bool = False
    """A schema that belongs to the role that asked."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that is compared of one database."""

    major_version: int
    items: Mapping[Key, Item] = field(repr=False)


def quoted(name: str) -> str:
    """Return `name` in quotes unless it is plain; whether it is a keyword depends on a server's version, and does not count."""
    return name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'


async def fingerprint(inspection: Inspection, timeout_s: float) -> str:
    """Return a hash that two databases share when they are alike; made by the server, a short answer. Raises InspectionError.

    Different hashes are a reason to compare, no proof: what only the secondary may have is in it, and so is what versions of
    PostgreSQL print differently.
    """
    ((answer,),) = await inspection.rows(_FINGERPRINT, timeout_s)
    return str(answer)


async def read_catalogue(inspection: Inspection, timeout_s: float) -> Catalogue:
    """Return what the database is made of, which any role may read. Raises InspectionError."""
    rows = await inspection.rows(_CATALOGUE, timeout_s)
    try:
        return _catalogue(rows)
    except ValueError as error:
        raise InspectionError("the server's catalogue cannot be understood") from error


def _catalogue(rows: list[tuple[str | None, ...]]) -> Catalogue:
    version = 0
    by_id: dict[str | None, Key] = {}
    found: list[tuple[Key, str, str | None, str | None]] = []
    for kind, schema, relation, name, signature, definition, own_id, owner, follows in rows:
        if kind == _SERVER:
            version = int(definition or 0)
        elif definition is not None:  # it was dropped while it was read
            key = Key(kind or "", schema or "", relation or "", name or "", signature or "")
            by_id[own_id] = key
            found.append((key, definition, owner, follows))
    items = {
        key: Item(definition, by_id.get(owner), by_id.get(follows), owner == _LOGIN)
        for key, definition, owner, follows in found
    }
    return Catalogue(version, items)
