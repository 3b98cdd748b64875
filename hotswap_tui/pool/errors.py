"""What an application may have to handle, one meaning each. What fails on a connection itself stays psycopg's error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg_pool import PoolTimeout

from hotswap_tui.core.text import clean

if TYPE_CHECKING:
    from hotswap_tui.core.values import Role


class NoDatabaseError(PoolTimeout):
    """No database has served within the caller's time-out; the text says how things stand. Nothing was sent anywhere."""


class GivenUpError(psycopg.OperationalError):
    """The connection was cut off because its database was given up.

    What was not committed is lost: run the transaction again. Whether a COMMIT that had no answer yet was carried out cannot be
    known, as whenever a connection breaks.
    """

    def __init__(self, role: Role, error: psycopg.OperationalError) -> None:
        self.role = role
        super().__init__(
            f"{role} was given up while this connection was in use; run the transaction again ({clean(str(error))})"
        )


class EngineElsewhereError(Exception):
    """Another engine decides already; the text says which, and how to follow it."""


class PairError(Exception):
    """The engine that is followed watches other databases than those of these settings; the text names both."""
