"""What there is to look at: everything where the settings are right, and what can be saved of them where they are not."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from hotswap_tui.config import SettingsError, load
from hotswap_tui.config.sources import GATEWAY, NEXT_FILES, Layer, SourceError, expand, merge, read_ambient, read_named
from hotswap_tui.config.state_dir import STATE_DIR, default_state_dir
from hotswap_tui.core.policy import Policy
from hotswap_tui.core.values import Role
from hotswap_tui.doctor.look_paths import env_files
from hotswap_tui.dsn import Dsn, DsnError, parse
from hotswap_tui.routing.layout import Gateway, GatewayError
from hotswap_tui.routing.layout import load as load_gateway

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hotswap_tui.config import Loaded, Profile
    from hotswap_tui.doctor.facts import EnvFile

_URLS: Final = {Role.PRIMARY: "DATABASE_URL", Role.SECONDARY: "DATABASE_URL_SECONDARY"}


@dataclass(frozen=True, slots=True)
class Sources:
    """Where settings are read from, as `config.load` takes them."""

    overrides: Mapping[str, str]
    environ: Mapping[str, str]
    env_files: Sequence[Path]
    directory: Path
    profile: Profile | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked at."""

    dsns: Mapping[Role, Dsn] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)
    gateway: Gateway | None = None
    state_dir: Path = field(default_factory=default_state_dir)
    files: tuple[EnvFile, ...] = ()
    loaded: Loaded | None = None
    """None where the settings are wrong."""
    problems: tuple[str, ...] = ()
    """What is wrong with the settings."""
    unreadable: bool = False
    """Whether a file that was named could not be read, so that nobody knows the settings."""


def read(sources: Sources) -> Subject:
    """Return what there is to look at; never raises for what is wrong with the settings."""
    try:
        files = tuple(env_files(sources.environ, sources.env_files, sources.directory))
    except SourceError as error:
        return Subject(problems=(str(error),), unreadable=True)
    try:
        loaded = load(sources.overrides, sources.environ, sources.env_files, sources.directory, sources.profile)
    except SettingsError as error:
        return _saved(sources, files, error.problems)
    dsns = {Role.PRIMARY: loaded.primary} | ({Role.SECONDARY: loaded.secondary} if loaded.secondary else {})
    settings = loaded.settings
    return Subject(dsns, settings.policy(), loaded.gateway, settings.state_dir, files, loaded)


def _saved(sources: Sources, files: tuple[EnvFile, ...], problems: tuple[str, ...]) -> Subject:
    """Return what can be looked at all the same, with the defaults of everything else."""
    try:
        values = _values(sources)
    except SourceError:
        values = {}
    dsns = {role: dsn for role, name in _URLS.items() if (dsn := _parsed(values.get(name, ""))) is not None}
    state_dir = values.get(STATE_DIR)
    return Subject(
        dsns,
        # One that was refused, say because others can write the file that names it, is not looked at either.
        gateway=None if any(problem.startswith(GATEWAY) for problem in problems) else _gateway(values.get(GATEWAY, "")),
        state_dir=Path(state_dir).expanduser() if state_dir else default_state_dir(),
        files=files,
        problems=problems,
    )


def _values(sources: Sources) -> dict[str, str]:
    """Return the connection strings and directories that the sources give, by variable."""
    named = [*read_named(sources.environ, sources.env_files), Layer("command line", sources.overrides)]
    ambient = [read_ambient(sources.directory / name) for name in reversed(NEXT_FILES)]
    urls, _ = expand(merge([*ambient, *named]), _URLS.values())
    own, _ = expand(merge(named), (GATEWAY, STATE_DIR))
    return {name: found.value.strip() for name, found in (urls | own).items()}


def _parsed(url: str) -> Dsn | None:
    try:
        dsn = parse(SecretStr(url)) if url else None
        if dsn is not None:
            dsn.login_user()
    except DsnError:
        return None  # which is one of the problems
    return dsn


def _gateway(directory: str) -> Gateway | None:
    try:
        return load_gateway(Path(directory).expanduser().absolute()) if directory else None
    except GatewayError:
        return None  # which is one of the problems
