"""Connection strings: read any that a Prisma, libpq, JDBC or asyncpg user has; mask them; translate them.

One tolerant parser of our own stands before both drivers, because neither may see a raw string: psycopg refuses
Prisma's parameters, asyncpg sends libpq's to the server, and both misread unescaped passwords without a word.
"""

from __future__ import annotations

from hotswap_tui.dsn.masking import MASK, mask, strip_controls
from hotswap_tui.dsn.model import Address, Dsn, DsnError, Tls
from hotswap_tui.dsn.parsing import parse

__all__ = ["MASK", "Address", "Dsn", "DsnError", "Tls", "mask", "parse", "strip_controls"]
