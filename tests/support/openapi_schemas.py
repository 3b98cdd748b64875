"""The schemas of the OpenAPI document, made strict: a key that it does not describe is a mistake, not an extension."""

from __future__ import annotations

from functools import cache
from typing import Any

import jsonschema_rs

from hotswap_tui.api.openapi import openapi_document


@cache
def _strict_components() -> Any:
    return _strict(openapi_document()["components"])


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _strict(value) for key, value in schema.items()}
    if made.get("type") == "object" and "properties" in made:
        made["additionalProperties"] = False
    return made


def check(document: Any, schema: dict[str, Any]) -> None:
    """Raise ValidationError unless `document` is what `schema` describes, formats included, and nothing more."""
    whole = {**_strict(schema), "components": _strict_components()}
    jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(document)


def check_component(document: Any, name: str) -> None:
    """Raise ValidationError unless `document` is what the component `name` describes."""
    check(document, {"$ref": f"#/components/schemas/{name}"})
