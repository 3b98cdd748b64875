"""Short ways to what a look would have brought."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from hotswap_tui.core.traffic import Identity
from hotswap_tui.core.values import Fault, Role, ServerFacts, Verdict
from hotswap_tui.doctor.facts import Clock, Details, Encryption, Look
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
