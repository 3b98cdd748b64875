"""Places in a server's write-ahead log."""

from __future__ import annotations


def place(text: str) -> int:
    """Return what a server writes as `16/B374D848`; raises ValueError."""
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)
