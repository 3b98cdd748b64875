"""Whether two servers of different versions print one and the same definition.

A server prints expressions from its parsed form, and versions differ in how: since 16 a view of one table leaves its name out
before columns, since 14 what the SQL standard writes with keywords is printed so (`x AT TIME ZONE 'utc'`, earlier
`timezone('utc'::text, x)`), and what needs quotes depends on that version's keywords.
"""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(
    r"""(?P<text>'(?:[^']|'')*')|"(?P<quoted>(?:[^"]|"")*)"|(?P<word>\w[\w$]*)|(?P<sign>::|[^\s\w])""", re.UNICODE
)
_SYNTAX_VERSION: Final = 14
"""Functions are printed in the standard's syntax from here on (its release notes, E.3.9)."""
_QUALIFIER_VERSION: Final = 16
_WITH_COLUMNS: Final = frozenset({"view", "materialized view", "rule"})
_FUNCTIONS: Final = frozenset(
    [
        "timezone",
        "date_part",
        "overlaps",
        "normalize",
        "is_normalized",
        "overlay",
        "position",
        "substring",
        "btrim",
        "ltrim",
        "rtrim",
        "xmlexists",
    ]
)
"""As they are called by a server before 14 …"""
_KEYWORDS: Final = frozenset(
    [
        "at",
        "time",
        "zone",
        "extract",
        "overlaps",
        "normalize",
        "is",
        "normalized",
        "overlay",
        "position",
        "substring",
        "trim",
        "both",
        "leading",
        "trailing",
        "xmlexists",
        "from",
        "for",
        "in",
        "placing",
    ]
)
"""… and as one from 14 on prints them."""
_GLUE: Final = frozenset({"(", ")", ",", ".", "::", "text", "pg_catalog"})


def alike(kind: str, definitions: tuple[str, str], versions: tuple[int, int]) -> bool:
    """Say whether two definitions of an object of `kind` mean the same; on servers of one major version: are the same."""
    one, other = definitions
    if one == other:
        return True
    if versions[0] == versions[1] or kind == "extension":
        return False
    unqualified = kind in _WITH_COLUMNS and min(versions) < _QUALIFIER_VERSION <= max(versions)
    tokens, others = _tokens(one, unqualified=unqualified), _tokens(other, unqualified=unqualified)
    if tokens == others:
        return True
    if not min(versions) < _SYNTAX_VERSION <= max(versions):
        return False
    old, new = (tokens, others) if versions[0] < versions[1] else (others, tokens)
    return _in_new_syntax(old, new)


def _tokens(definition: str, *, unqualified: bool) -> list[str]:
    """Return what `definition` consists of, without white space, needless quotes and, where asked, qualifiers of names."""
    tokens: list[str] = []
    names: list[bool] = []
    for match in _TOKEN.finditer(definition):
        name = match["quoted"] if match["quoted"] is not None else match["word"]
        if unqualified and name is not None and tokens[-1:] == ["."] and names[-2:-1] == [True]:
            del tokens[-2:], names[-2:]
        tokens.append(match[0] if name is None else name)
        names.append(name is not None)
    return tokens


def _in_new_syntax(old: list[str], new: list[str]) -> bool:
    """Say whether both name the same things, `old` with functions where `new` has keywords; their order is lost."""
    if not (_FUNCTIONS.intersection(old) and _KEYWORDS.intersection(map(str.lower, new))):
        return False
    return _essence(old) == _essence(new)


def _essence(tokens: list[str]) -> list[str]:
    words = (token.strip("'").lower() for token in tokens)
    return sorted(word for word in words if word not in _GLUE | _FUNCTIONS | _KEYWORDS)
