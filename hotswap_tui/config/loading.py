"""Load the settings: merge the sources, check every value, and say everything that is wrong at once."""

from __future__ import annotations

import os
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from hotswap_tui.config import targets
from hotswap_tui.config.contradictions import contradictions, tenant
from hotswap_tui.config.hook import hook_problem
from hotswap_tui.config.loaded import FROM_SECONDARY, PRIMARY, SECONDARY, Loaded, SettingsError
from hotswap_tui.config.settings import PROFILES, Profile, Settings, variables
from hotswap_tui.config.sources import (
    EXPLICIT_ONLY,
    GATEWAY,
    NEXT_FILES,
    Found,
    Layer,
    SourceError,
    expand,
    merge,
    read_ambient,
    read_named,
)
from hotswap_tui.dsn import DsnError, mask, parse, strip_controls
from hotswap_tui.dsn.secret import SecretStr
from hotswap_tui.routing.layout import GatewayError
from hotswap_tui.routing.layout import load as load_gateway

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hotswap_tui.dsn import Dsn
    from hotswap_tui.routing.layout import Gateway

_HOOK: Final = "HOTSWAP_ON_SWITCH"
_GUARDED: Final = frozenset({GATEWAY, _HOOK, "HOTSWAP_NOTIFY_URLS"})
"""What must not come from a file that others can write: whoever sets them runs programs, or takes the traffic."""
_UNSHOWN: Final = frozenset({"HOTSWAP_TOKEN", "HOTSWAP_NOTIFY_URLS", "HOTSWAP_HEARTBEAT_URL"})
_URLS: Final = (PRIMARY, SECONDARY, FROM_SECONDARY)
_OURS: Final = ("DB_", "HOTSWAP_", "DATABASE_")
_NEAR: Final = 0.87
_DEFAULT: Final = "default"


def load(
    overrides: Mapping[str, str],
    environ: Mapping[str, str],
    env_files: Sequence[Path],
    directory: Path,
    profile: Profile | None,
) -> Loaded:
    """Load the settings.

    Precedence: `overrides` (command-line options by variable), `environ`, `env_files` (a later one wins), the gateway's own file,
    the files of a Next.js project in `directory`, `profile`, defaults. An empty value takes the default. Raises `SettingsError`.
    """
    _refuse_urls(overrides)
    try:
        layers, named = _layers(overrides, environ, env_files, directory)
        merged = merge(layers)
        expanded, notes = _expand(merged, named)
    except SourceError as error:
        raise SettingsError([str(error)]) from error
    found = _profile(profile) | {k: f for k, f in expanded.items() if f.value.strip()}
    settings, primary, others = _check(found, directory)
    _check_hook(settings, found, environ, directory)
    secondary, from_secondary = others.get(SECONDARY), others.get(FROM_SECONDARY)
    dsns = {PRIMARY: primary, SECONDARY: secondary}
    gateway = _gateway(settings, dsns, found)
    sources = {name: found[name].source if name in found else _DEFAULT for name in variables()}
    return Loaded(
        settings,
        primary,
        secondary,
        sources,
        warnings=(
            *_of_layers(layers),
            *_misspelt(merged),
            *contradictions(settings, primary, secondary),
            *(targets.surprises(dsns) if gateway else _for_applications(dsns, found)),
        ),
        notes=(
            *notes,
            *_dsn_notes({**dsns, FROM_SECONDARY: from_secondary}),
            *(targets.notes(dsns) if gateway else ()),
        ),
        gateway=gateway,
        from_secondary=from_secondary,
    )


def _layers(
    overrides: Mapping[str, str], environ: Mapping[str, str], env_files: Sequence[Path], directory: Path
) -> tuple[list[Layer], list[Layer]]:
    """Return all sources, the weakest first, and those of them that a person has named."""
    ambient = [read_ambient(directory / name) for name in reversed(NEXT_FILES)]
    named = [*read_named(environ, env_files), Layer("command line", overrides)]
    return [*ambient, *named], named


def _expand(merged: Mapping[str, Found], named: list[Layer]) -> tuple[dict[str, Found], tuple[str, ...]]:
    """Replace references; a file of the working directory has no part in what only named sources may give."""
    ours = {name for name in variables() if name.startswith(EXPLICIT_ONLY)}
    expanded, notes = expand(merged, [name for name in variables() if name not in ours])
    own, _ = expand(merge(named), ours)
    writable = {layer.name: layer.writable for layer in named}
    for name in sorted(own.keys() & _GUARDED):
        if why := writable[own[name].source]:
            raise SourceError(f"{name} is refused: {own[name].source} {why}, or set {name} elsewhere")
    return expanded | own, notes


def _gateway(settings: Settings, dsns: Mapping[str, Dsn | None], found: Mapping[str, Found]) -> Gateway | None:
    if settings.gateway is None:
        return None
    try:
        gateway = load_gateway(settings.gateway)
    except GatewayError as error:
        raise SettingsError([f"HOTSWAP_GATEWAY (from {found[GATEWAY].source}): {error}"]) from error
    if problems := list(targets.problems(gateway, dsns, found)):
        raise SettingsError(problems)
    return gateway


def _check_hook(settings: Settings, found: Mapping[str, Found], environ: Mapping[str, str], directory: Path) -> None:
    for program in settings.on_switch_arguments()[:1]:
        if why := hook_problem(program, environ.get("PATH", os.defpath), directory):
            raise SettingsError([f"{_HOOK} (from {found[_HOOK].source}): {strip_controls(why)}"])


def _refuse_urls(overrides: Mapping[str, str]) -> None:
    problems = [f"{name} is never given on the command line: others see it there" for name in _secret(overrides)]
    if problems:
        raise SettingsError(problems)


def _secret(names: Mapping[str, str]) -> list[str]:
    return [name for name in names if name in _URLS]


def _profile(profile: Profile | None) -> dict[str, Found]:
    return {name: Found(value, f"profile {profile}") for name, value in PROFILES[profile].items()} if profile else {}


def _check(found: Mapping[str, Found], directory: Path) -> tuple[Settings, Dsn, dict[str, Dsn]]:
    """Return the settings, the primary, and the other connection strings by variable."""
    problems: list[str] = []
    read = {name: _parse(name, found[name], problems) for name in _URLS if name in found}
    dsns = {name: dsn for name, dsn in read.items() if dsn is not None}
    try:
        settings = Settings.model_validate({name: f.value.strip() for name, f in found.items()})
    except ValidationError as error:
        problems += [_problem(item["type"], str(item["loc"][0]), found, directory) for item in error.errors()]
        raise SettingsError(problems) from None
    primary, secondary = dsns.get(PRIMARY), dsns.get(SECONDARY)
    if problems or primary is None:
        raise SettingsError(problems)
    if secondary and tenant(primary) == tenant(secondary):
        raise SettingsError([f"both URLs name the same database, {primary.identity}: a failover would change nothing"])
    return settings, primary, dsns


def _parse(name: str, found: Found, problems: list[str]) -> Dsn | None:
    try:
        dsn = parse(SecretStr(found.value))
        # A user that is left out is the one that runs this program, who may have no name.
        dsn.login_user()
    except DsnError as error:
        problems.append(f"{name} (from {found.source}): {error}")
        return None
    return dsn


def _problem(kind: str, name: str, found: Mapping[str, Found], directory: Path) -> str:
    if kind == "missing":
        files = ", ".join(NEXT_FILES)
        return f"{name} is not set: set it in the environment, in an --env-file, or in {directory} in one of {files}"
    shown = "" if name in _UNSHOWN else f"={_shown(found[name].value)}"
    return f"{name}{shown} (from {found[name].source}): {_allowed(kind, name)}"


def _shown(value: str) -> str:
    text = mask(value) if any(c in value for c in ":=@/") else strip_controls(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _allowed(kind: str, name: str) -> str:
    field = variables()[name]
    schema = Settings.model_json_schema()["properties"][name]
    whole: dict[str, Any] = next((part for part in schema.get("anyOf", [schema]) if part.get("type") == "integer"), {})
    if whole:
        low, high = whole["minimum"], whole["maximum"]
        bounds = {"greater_than_equal": f"of at least {low}", "less_than_equal": f"of at most {high}"}
        return f"must be a whole number {bounds.get(kind, f'from {low} to {high}')}"
    if field.annotation is bool:
        return "must be 1 or 0 (also true and false, yes and no, on and off)"
    if isinstance(field.json_schema_extra, dict) and "allowed" in field.json_schema_extra:
        return str(field.json_schema_extra["allowed"])
    return f"must be {' or '.join(schema['enum'])}" if "enum" in schema else "must be a path"


def _of_layers(layers: Sequence[Layer]) -> list[str]:
    return [warning for layer in layers for warning in layer.warnings]


def _misspelt(found: Mapping[str, Found]) -> list[str]:
    known = list(variables())
    unknown = [n for n in found if n.startswith(_OURS) and n not in known]
    near = {name: get_close_matches(name, known, 1, _NEAR) for name in unknown}
    return [f"{n} (from {found[n].source}) is not a setting; did you mean {m[0]}?" for n, m in near.items() if m]


def _for_applications(dsns: Mapping[str, Dsn | None], found: Mapping[str, Found]) -> list[str]:
    given = {name: dsn for name, dsn in dsns.items() if dsn}
    return [text for name, dsn in given.items() for text in targets.for_applications(name, dsn, found[name])]


def _dsn_notes(dsns: Mapping[str, Dsn | None]) -> list[str]:
    return [f"{name}: {note}" for name, dsn in dsns.items() if dsn for note in dsn.notes]
