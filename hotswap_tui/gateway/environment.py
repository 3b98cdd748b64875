"""The dotenv files of a gateway: the engine's, with the databases themselves, and the application's, with the endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.gateway.files import File
from hotswap_tui.routing import layout

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr

_ENGINE: Final = "# For hotswap-tui: the databases themselves. Applications use {} instead."
_APPLICATION: Final = "# For applications: the endpoint that always leads to the database that serves."


def engine_file(directory: Path, primary: SecretStr, secondary: SecretStr | None) -> File:
    """Return `hotswap.env`."""
    values = {
        "DATABASE_URL": primary.get_secret_value(),
        **({"DATABASE_URL_SECONDARY": secondary.get_secret_value()} if secondary else {}),
        "HOTSWAP_GATEWAY": str(directory),
    }
    lines = (f"{name}={quoted(value)}" for name, value in values.items())
    return File(layout.ENGINE_ENV, "\n".join((_ENGINE.format(layout.APPLICATION_ENV), *lines, "")))


def application_file(url: SecretStr) -> File:
    """Return `app.env`. The value needs no quotes, which `docker run --env-file` would take for a part of it."""
    return File(layout.APPLICATION_ENV, f"{_APPLICATION}\nDATABASE_URL={url.get_secret_value()}\n")


def quoted(value: str) -> str:
    r"""Return `value` as the settings read it back from a dotenv file, where `$` begins a reference and `\$` does not."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("$", "\\$")
    return f"'{escaped}'"
