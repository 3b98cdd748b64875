"""Short ways to what a look would have brought."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from hotswap_tui.core.sync import Flow, Relation, SchemaDrift, Slot, SyncReading
from hotswap_tui.core.traffic import Identity
from hotswap_tui.core.values import Fault, Role, ServerFacts, Verdict
from hotswap_tui.doctor.facts import Clock, DataLook, Details, Encryption, Look, Subscribed
from hotswap_tui.dsn import parse

PRIMARY, SECONDARY = Role.PRIMARY, Role.SECONDARY
NOW_S = 1_760_000_000.0
TLS = Encryption("TLSv1.3", "TLS_AES_256_GCM_SHA384")


def facts(**changed: Any) -> ServerFacts:
    values: dict[str, Any] = {
        "version": "18.1",
        "in_recovery": False,
        "read_only": False,
        "started_at": NOW_S,
        "connections": 12,
        "max_connections": 100,
    }
    return ServerFacts(**values | changed)


def details(**changed: Any) -> Details:
    values: dict[str, Any] = {
        "version_number": 180_001,
        "user": "app",
        "superuser": False,
        "password_ends_s": None,
        "reserved": 3,
        "role_limit": -1,
        "role_connections": 5,
        "tables": 6,
        "may_beat": True,
        "server_tls": True,
        "pooler": "",
        "encryption": TLS,
        "clock": Clock(0.01, 0.002),
    }
    return Details(**values | changed)


def identity(**changed: Any) -> Identity:
    values: dict[str, Any] = {
        "system_identifier": "7001",
        "started_at": NOW_S,
        "in_recovery": False,
        "address": "10.0.0.1:5432",
        "database": "app",
    }
    return Identity(**values | changed)


def look(
    role: Role = PRIMARY,
    url: str = "postgresql://app:secret@db.example/app",
    *,
    fault: Fault | None = None,
    detail: str = "",
    facts_: ServerFacts | None = None,
    **changed: Any,
) -> Look:
    """Give a database that answers, unless `fault` says otherwise."""
    alive = fault in {None, Fault.READ_ONLY}
    verdict = Verdict(
        role,
        0.0,
        0.1,
        fresh=True,
        fault=fault,
        latency_ms=1.2 if alive else None,
        connect_ms=8.0 if alive else None,
        detail=detail,
        facts=(facts_ or facts()) if alive else None,
    )
    values: dict[str, Any] = {"identity": identity(), "details": details()} if alive else {}
    return Look(role, parse(SecretStr(url)), verdict, **values | changed)


SUB = Subscribed(SECONDARY, "app_sub", enabled=True, slot="app_sub")
BACK_SUB = Subscribed(PRIMARY, "app_back_sub", enabled=True, slot="app_back_sub")
FLOW = Flow(PRIMARY, "app_sub", streaming=True, lag_s=0.2, lag_bytes=0, measured_s=100.0)
BACK = Flow(SECONDARY, "app_back_sub", streaming=True, lag_s=0.1, lag_bytes=0, measured_s=100.0)
BEATS = Flow(PRIMARY, "hotswap_heartbeat", streaming=True, lag_s=0.2, measured_s=100.0)
STANDBY = Flow(PRIMARY, "standby_slot", streaming=True, lag_s=0.2, lag_bytes=0, measured_s=100.0)
SLOT = Slot(PRIMARY, "app_sub", active=True, retained_bytes=2048)
_FLOWS = {
    Relation.LOGICAL: (FLOW,),
    Relation.TWO_WAY: (FLOW, BACK),
    Relation.LOGICAL_BACK: (BACK,),
    Relation.HEARTBEAT: (BEATS,),
    Relation.PHYSICAL: (STANDBY,),
}
_SUBSCRIBED = {Relation.LOGICAL: (SUB,), Relation.TWO_WAY: (SUB, BACK_SUB), Relation.LOGICAL_BACK: (BACK_SUB,)}


def data(relation: Relation = Relation.LOGICAL, **changed: Any) -> DataLook:
    """Give a pair of that kind that is well; names of `DataLook` and of `SyncReading` may be changed."""
    reading: dict[str, Any] = {
        "read_s": 100.0,
        "relation": relation,
        "flows": _FLOWS.get(relation, ()),
        "schema": SchemaDrift(0),
        "sequences_behind": 0,
    }
    values: dict[str, Any] = {
        "asked": frozenset(Role),
        "serving": PRIMARY,
        "subscribed": _SUBSCRIBED.get(relation, ()),
    }
    own = {name: value for name, value in changed.items() if name in DataLook.__slots__}
    other = {name: value for name, value in changed.items() if name not in own}
    return DataLook(SyncReading(**reading | other), **values | own)
