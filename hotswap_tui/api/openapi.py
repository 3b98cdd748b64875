"""The OpenAPI document: a file beside this one, which tests compare with the routes and with what they answer."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from hotswap_tui import __version__


def openapi_document() -> dict[str, Any]:
    """Return the description of the public API, of this version."""
    document: dict[str, Any] = json.loads(files("hotswap_tui.api").joinpath("openapi.json").read_bytes())
    document["info"]["version"] = __version__
    return document
