"""Watch two PostgreSQL databases, decide which one serves, and show it."""

from __future__ import annotations

__version__ = "0.1.0"
