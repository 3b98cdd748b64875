"""uvicorn without its command line.

Importing `uvicorn` imports its command line and with it click: 5 MB and some 50 ms, of which a server inside another program
needs nothing. Whatever imports from uvicorn in this room imports this module first.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType


class _Package(ModuleType):
    """The package before its `__init__` has run; whoever asks for what that defines makes it run."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__") or self.__spec__ is None or self.__spec__.loader is None:
            raise AttributeError(name)
        self.__class__ = ModuleType  # type: ignore[assignment]
        self.__spec__.loader.exec_module(self)
        return getattr(self, name)


def _prepare() -> None:
    """Put the package in its place, unless somebody has imported it already, or it is not an ordinary one."""
    spec = importlib.util.find_spec("uvicorn")
    if "uvicorn" in sys.modules or spec is None:
        return
    package = importlib.util.module_from_spec(spec)
    package.__class__ = _Package
    sys.modules["uvicorn"] = package
    from uvicorn.config import Config  # noqa: PLC0415 - it needs the package

    # what uvicorn's own modules take from the package
    package.__dict__["Config"] = Config


_prepare()
