"""What can keep a front end from its engine, one meaning each. All are OSErrors with one line that a person can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class NoEngineError(OSError):
    """No engine answers at `path`; `why` in a few words."""

    def __init__(self, path: Path, why: str) -> None:
        self.path = path
        self.why = why
        super().__init__(f"no engine at {path}: {why}")


class UnansweredError(NoEngineError):
    """A request was sent and no answer came: whether it was carried out is not known."""

    def __str__(self) -> str:
        return (
            f"the engine at {self.path} has not answered ({self.why}); whether it did what was asked is not known: look"
        )


class NotAllowedError(OSError):
    """The engine is not for this user; the text says for whom."""


class EngineFailedError(OSError):
    """The engine answers, but it could not do what was asked; the text is its own."""
