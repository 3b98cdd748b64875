"""A parser that says what is wrong in its first line, and does not show what may be a secret."""

from __future__ import annotations

import argparse
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn

from hotswap_tui.cli import exit_codes
from hotswap_tui.core.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

_NEAR = 0.75
_URL = "--database-url"
_NEVER = "connection strings are never options, others would see them; set {} in the environment or an --env-file"


class Parser(argparse.ArgumentParser):
    """Take whole option names only: an abbreviation would change its meaning with the next version."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_abbrev=False, **kwargs)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse a mistyped option first: argparse would take its value for a command, and complain about that."""
        unknown = self._unknown(sys.argv[1:] if args is None else args)
        if unknown:
            self.error(self._unrecognised(unknown))
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Say `message` in one line, where to read more in another, and end."""
        self.exit(exit_codes.USAGE, f"{self.prog}: {message}\n`{self.prog} --help` lists the options\n")

    def _unknown(self, args: Sequence[str]) -> str:
        words = iter(args)
        for word in words:
            if not word.startswith("-"):
                if self._subparsers is not None:
                    return ""  # the command's own parser looks at the rest
                continue
            name, equals, _ = word.partition("=")
            action = self._option_string_actions.get(name)
            if action is None and word.startswith("--") and word != "--":
                return name
            if action is not None and action.nargs is None and not equals:
                next(words, None)
        return ""

    def _unrecognised(self, name: str) -> str:
        if name.startswith(_URL):
            return _NEVER.format("DATABASE_URL_SECONDARY" if "second" in name else "DATABASE_URL")
        near = get_close_matches(name, list(self._option_string_actions), 1, _NEAR)
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"unrecognised option {clean(name, 40)}{hint}"
