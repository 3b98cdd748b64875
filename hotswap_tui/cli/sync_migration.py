"""What `sync schema --command` does: the user's migration command, for one database after the other."""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING, Final

from hotswap_tui.cli import exit_codes, plain_text
from hotswap_tui.core.values import Role
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.errors import SyncError
from hotswap_tui.sync.schema import migration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hotswap_tui.config import Loaded
    from hotswap_tui.dsn.secret import SecretStr

_NAME: Final = "hotswap-tui sync schema"
_REPLICATED: Final = (
    "{books} is replicated, in which migration tools note what they have done: the run for the other database would find nothing to "
    "do. Nothing was run; leave it out of the publication (FOR ALL TABLES cannot), or migrate both by hand"
)


def migrate(loaded: Loaded, argv: Sequence[str], ambient: Mapping[str, str], *, dry_run: bool) -> int:
    """Run `argv` for the primary, then for the secondary; return an exit code, OK when every run succeeded."""
    assert loaded.secondary is not None
    try:
        standbys, books = asyncio.run(_looked(loaded))
    except InspectionError as error:
        plain_text.tell([f"{_NAME}: {error}; nothing was run"])
        return exit_codes.UNKNOWN
    if books:
        plain_text.tell([f"{_NAME}: {_REPLICATED.format(books=books)}"])
        return exit_codes.NOTHING_DONE
    roles = [role for role, standby in zip(Role, standbys, strict=True) if not standby]
    plain_text.tell([f"{role.value}: a standby, which gets the schema by itself" for role in Role if role not in roles])
    if dry_run:
        plain_text.say(_course(loaded, argv, roles))
        return exit_codes.OK
    plain_text.tell(_serving(loaded, ambient, roles))
    return _run(loaded, argv, ambient, roles)


def _run(loaded: Loaded, argv: Sequence[str], ambient: Mapping[str, str], roles: Sequence[Role]) -> int:
    for place, role in enumerate(roles):
        plain_text.tell([f"── {role.value} {_masked(loaded, role)}: {shlex.join(argv)}"])
        begun = exit_codes.NOT_MIGRATED
        try:
            code = migration.run(argv, migration.environment(ambient, _url(loaded, role)))
            why = "" if code == 0 else f"the command {_ended(code)}"
        except SyncError as error:
            why = str(error)
        except migration.Interrupted:
            why, begun = "interrupted", exit_codes.INTERRUPTED
        if why:
            plain_text.tell([f"{_NAME}: {why}; {_standing(roles, place)}"])
            return begun
    return exit_codes.OK


def _standing(roles: Sequence[Role], place: int) -> str:
    """Return which databases have been migrated, when it ended at `place`."""
    parts = [f"the {role.value} has been migrated" for role in roles[:place]]
    parts.append(f"the {roles[place].value} has not, or in part")
    parts += [f"the {role.value} was not touched" for role in roles[place + 1 :]]
    return ", ".join(parts)


def _ended(code: int) -> str:
    return f"failed with exit code {code}" if code > 0 else f"was ended by signal {-code}"


def _course(loaded: Loaded, argv: Sequence[str], roles: Sequence[Role]) -> list[str]:
    return [f"{role.value}: {migration.VARIABLE}={_masked(loaded, role)} {shlex.join(argv)}" for role in roles]


def _serving(loaded: Loaded, ambient: Mapping[str, str], roles: Sequence[Role]) -> list[str]:
    """Say which of `roles` serves, when an engine tells."""
    from hotswap_tui.api.sockets import candidates  # noqa: PLC0415 - only a real run asks
    from hotswap_tui.cli.engine_options import UnreachableError, reach  # noqa: PLC0415

    given = loaded.sources["HOTSWAP_STATE_DIR"] != "default"
    sockets = candidates(ambient, loaded.settings.state_dir if given else None)
    try:
        active = asyncio.run(reach(sockets)).snapshot.active
    except UnreachableError:
        return ["no engine says which database serves; clients may be using what is changed now"]
    return [f"the {active.value} serves: clients are using it while its schema is changed"] if active in roles else []


def _masked(loaded: Loaded, role: Role) -> str:
    return str(loaded.value("DATABASE_URL" if role is Role.PRIMARY else "DATABASE_URL_SECONDARY"))


def _url(loaded: Loaded, role: Role) -> SecretStr:
    settings = loaded.settings
    url = settings.database_url if role is Role.PRIMARY else settings.database_url_secondary
    assert url is not None
    return url


async def _looked(loaded: Loaded) -> tuple[tuple[bool, bool], str]:
    from hotswap_tui.sync.schema.schema_pair import replicated_books, standbys  # noqa: PLC0415

    assert loaded.secondary is not None
    return await standbys(loaded.primary, loaded.secondary), await replicated_books(loaded.primary, loaded.secondary)
