"""Load the settings: merge the sources, check every value, and say everything that is wrong at once."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from pydantic import SecretStr, ValidationError

from hotswap_tui.config.settings import PROFILES, Profile, Settings, variables
from hotswap_tui.config.sources import NEXT_FILES, Found, Layer, SourceError, expand, merge, read_ambient, read_explicit
from hotswap_tui.dsn import Dsn, DsnError, mask, parse, strip_controls

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_PRIMARY: Final = "DATABASE_URL"
_SECONDARY: Final = "DATABASE_URL_SECONDARY"
_STANDBY_INTERVAL: Final = "DB_STANDBY_CHECK_INTERVAL"
_OURS: Final = ("DB_", "HOTSWAP_", "DATABASE_")
_NEAR: Final = 0.87
_DEFAULT: Final = "default"


class SettingsError(Exception):
    """Hold what is wrong with the settings, one line for each problem; never shows a password."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True)
class Loaded:
    """Hold the settings, the connection strings read, and where every value came from."""

    settings: Settings
    primary: Dsn
    secondary: Dsn | None
    sources: Mapping[str, str]
    """By variable: `command line`, `environment`, a file's name, `profile development` or `default`."""
    warnings: tuple[str, ...]
    """What is probably a mistake."""
    notes: tuple[str, ...]
    """What was set aside or replaced on purpose."""

    def value(self, name: str) -> object:
        """Return what is in force for the variable `name`, a connection string masked; None when there is nothing."""
        dsns = {_PRIMARY: self.primary, _SECONDARY: self.secondary}
        if name in dsns:
            dsn = dsns[name]
            return dsn and dsn.masked()
        given = next(value for field, value in self.settings if Settings.model_fields[field].alias == name)
        return self.settings.health_check_interval_ms if given is None and name == _STANDBY_INTERVAL else given


def load(
    overrides: Mapping[str, str],
    environ: Mapping[str, str],
    env_files: Sequence[Path],
    directory: Path,
    profile: Profile | None,
) -> Loaded:
    """Load the settings.

    Precedence: `overrides` (command-line options by variable), `environ`, `env_files` (a later one wins), the files of a
    Next.js project in `directory`, `profile`, defaults. An empty value takes the default. Raises `SettingsError`.
    """
    _refuse_urls(overrides)
    try:
        files = [*(read_ambient(directory / n) for n in reversed(NEXT_FILES)), *map(read_explicit, env_files)]
        layers = [*files, Layer("environment", environ), Layer("command line", overrides)]
        merged = merge(layers)
        expanded, notes = expand(merged, variables())
    except SourceError as error:
        raise SettingsError([str(error)]) from error
    found = _profile(profile) | {k: f for k, f in expanded.items() if f.value.strip()}
    settings, primary, secondary = _check(found, directory)
    sources = {name: found[name].source if name in found else _DEFAULT for name in variables()}
    return Loaded(
        settings,
        primary,
        secondary,
        sources,
        warnings=(*_of_layers(layers), *_misspelt(merged), *_contradictions(settings, primary, secondary)),
        notes=(*notes, *_dsn_notes(_PRIMARY, primary), *_dsn_notes(_SECONDARY, secondary)),
    )


def _refuse_urls(overrides: Mapping[str, str]) -> None:
    problems = [f"{name} is never given on the command line: others see it there" for name in _secret(overrides)]
    if problems:
        raise SettingsError(problems)


def _secret(names: Mapping[str, str]) -> list[str]:
    return [name for name in names if name in {_PRIMARY, _SECONDARY}]


def _profile(profile: Profile | None) -> dict[str, Found]:
    return {name: Found(value, f"profile {profile}") for name, value in PROFILES[profile].items()} if profile else {}


def _check(found: Mapping[str, Found], directory: Path) -> tuple[Settings, Dsn, Dsn | None]:
    problems: list[str] = []
    dsns = {name: _parse(name, found[name], problems) for name in (_PRIMARY, _SECONDARY) if name in found}
    try:
        settings = Settings.model_validate({name: f.value.strip() for name, f in found.items()})
    except ValidationError as error:
        problems += [_problem(item["type"], str(item["loc"][0]), found, directory) for item in error.errors()]
        raise SettingsError(problems) from None
    primary, secondary = dsns.get(_PRIMARY), dsns.get(_SECONDARY)
    if problems or primary is None:
        raise SettingsError(problems)
    if secondary and _tenant(primary) == _tenant(secondary):
        raise SettingsError([f"both URLs name the same database, {primary.identity}: a failover would change nothing"])
    return settings, primary, secondary


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
    return f"{name}={_shown(found[name].value)} (from {found[name].source}): {_allowed(kind, name)}"


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
    return f"must be {' or '.join(schema['enum'])}" if "enum" in schema else "must be a path"


def _of_layers(layers: Sequence[Layer]) -> list[str]:
    return [warning for layer in layers for warning in layer.warnings]


def _misspelt(found: Mapping[str, Found]) -> list[str]:
    known = list(variables())
    unknown = [n for n in found if n.startswith(_OURS) and n not in known]
    near = {name: get_close_matches(name, known, 1, _NEAR) for name in unknown}
    return [f"{n} (from {found[n].source}) is not a setting; did you mean {m[0]}?" for n, m in near.items() if m]


def _contradictions(settings: Settings, primary: Dsn, secondary: Dsn | None) -> list[str]:
    warnings = []
    timeout_ms, interval_ms = settings.connection_timeout_ms, settings.health_check_interval_ms
    if timeout_ms > interval_ms:
        warnings.append(
            f"DB_CONNECTION_TIMEOUT ({timeout_ms} ms) is longer than DB_HEALTH_CHECK_INTERVAL ({interval_ms} ms): "
            "a database that hangs is checked less often than asked"
        )
    if settings.failure_retry_interval_ms > interval_ms:
        warnings.append(
            f"DB_FAILURE_RETRY_INTERVAL ({settings.failure_retry_interval_ms} ms) is longer than "
            f"DB_HEALTH_CHECK_INTERVAL ({interval_ms} ms): a failing database is checked less often than a healthy one"
        )
    if secondary and settings.max_switches_per_hour == 1 and settings.failback == "auto":
        warnings.append(
            "DB_MAX_SWITCHES_PER_HOUR (1) leaves no automatic failback: one switch is always kept for a failover"
        )
    if secondary and primary.identity == secondary.identity:
        warnings.append(f"both URLs name {primary.identity}, told apart by user or options only")
    return warnings


def _tenant(dsn: Dsn) -> tuple[str, ...]:
    # Supabase's pooler tells databases apart by user name, Neon's proxy by options, on one host, port and database name.
    return (dsn.identity, dsn.user or "", dsn.options or "")


def _dsn_notes(name: str, dsn: Dsn | None) -> list[str]:
    return [f"{name}: {note}" for note in dsn.notes] if dsn else []
