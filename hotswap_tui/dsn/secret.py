"""A secret for processes that run for long: pydantic's SecretStr to whoever checks types, without the 8 MB that importing it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import SecretStr
else:

    class SecretStr:
        """Hold a text that appears in no repr, log or exception; equal to every secret of the same text."""

        def __init__(self, value: str) -> None:
            self._value = value

        def get_secret_value(self) -> str:
            """Return the text."""
            return self._value

        def __eq__(self, other: object) -> bool:
            reveal = getattr(other, "get_secret_value", None)
            return NotImplemented if reveal is None else bool(reveal() == self._value)

        def __hash__(self) -> int:
            return hash(self._value)

        def __len__(self) -> int:
            return len(self._value)

        def __str__(self) -> str:
            return "**********" if self._value else ""

        def __repr__(self) -> str:
            return f"SecretStr({str(self)!r})"


__all__ = ["SecretStr"]
