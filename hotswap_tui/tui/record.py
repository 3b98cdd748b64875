"""What is shown, for files: the screen as text and the facts as JSON."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from hotswap_tui.api.moments import Moments
from hotswap_tui.api.sync_document import sync_document
from hotswap_tui.core.values import Role
from hotswap_tui.tui.status import sentence_of
from hotswap_tui.tui.sync_page import sync_page_rows
from hotswap_tui.tui.traffic_facts import traffic_facts
from hotswap_tui.tui.traffic_record import traffic_record
from hotswap_tui.tui.view import local

if TYPE_CHECKING:
    from pathlib import Path

    from textual.screen import Screen

    from hotswap_tui.core.snapshot import DatabaseView
    from hotswap_tui.core.values import Event
    from hotswap_tui.tui.view import View

Facts = dict[str, object]
_TEXT_WIDTH = 120


def screen_text(screen: Screen[None] | Screen[object]) -> str:
    """Return what `screen` shows, line by line, without trailing blanks."""
    strips = screen._compositor.render_strips()  # noqa: SLF001 - Textual offers pictures of a screen, no text
    return "\n".join(strip.text.rstrip() for strip in strips)


def below_screen(view: View) -> str:
    """Return what every snapshot has, whichever screen it was taken from: the facts of traffic and data, as far as there are any."""
    lines = []
    if view.snapshot.router.routed:
        lines += ["", "traffic", *(row.text.rstrip() for row in traffic_facts(view, _TEXT_WIDTH))]
    if view.snapshot.sync is not None:
        lines += ["", "sync", *(row.text.rstrip() for row in sync_page_rows(view, _TEXT_WIDTH))]
    return "\n".join(lines)


def facts(view: View) -> Facts:
    """Return the picture as plain values; times are ISO 8601 with offset."""
    snapshot = view.snapshot
    return {
        "at": _iso(view, view.now_s),
        "name": snapshot.name,
        "state": snapshot.state.value,
        "active": snapshot.active.value,
        "serving": snapshot.serving,
        "since": _iso(view, snapshot.since_s),
        "sentence": sentence_of(view).say(),
        "automatic": snapshot.mode.armed,
        "failover_available": snapshot.failover_available,
        "switches_in_hour": snapshot.switches_in_hour,
        **traffic_record(view, _iso),
        "sync": None if snapshot.sync is None else sync_document(snapshot.sync, Moments.of(snapshot)),
        "databases": [_database(view, d) for d in (snapshot.primary, snapshot.secondary) if d is not None],
        "events": [_event(event) for event in view.events],
    }


def _iso(view: View, moment_s: float | None) -> str | None:
    return None if moment_s is None else local(view.wall_s(moment_s)).isoformat(timespec="milliseconds")


def _database(view: View, database: DatabaseView) -> Facts:
    stats = view.stats(Role(database.role))
    known: Facts = {
        "role": database.role.value,
        "address": database.address,
        "health": database.health.value,
        "failures": database.failures,
        "last_pass": _iso(view, database.last_pass_s),
        "down_since": _iso(view, database.down_since_s),
        "window_s": view.choices.window_s,
        "p50_ms": stats.p50_ms,
        "p95_ms": stats.p95_ms,
        "max_ms": stats.max_ms,
        "lost": stats.lost,
        "total": stats.total,
    }
    if database.verdict is not None:
        known["last_check"] = {
            "at": _iso(view, database.verdict.finished_s),
            "fault": database.verdict.fault,
            "error": database.verdict.detail,
            "sqlstate": database.verdict.sqlstate,
            "latency_ms": database.verdict.latency_ms,
        }
    if database.facts is not None:
        known["server"] = {
            "version": database.facts.version,
            "in_recovery": database.facts.in_recovery,
            "read_only": database.facts.read_only,
            "connections": database.facts.connections,
            "max_connections": database.facts.max_connections,
        }
    return known


def _event(event: Event) -> Facts:
    return {
        "id": event.id,
        "at": local(event.wall_s).isoformat(timespec="milliseconds"),
        "kind": event.kind.value,
        "sign": event.level.value,
        "role": event.role,
        "text": event.text,
        "data": dict(event.data),
    }


def write_record(directory: Path, view: View, text: str) -> tuple[Path, Path]:
    """Write text and JSON into new files of `directory` that only their owner reads; return their paths.

    The directory is made when only it is missing. Raises OSError.
    """
    directory.mkdir(mode=0o700, exist_ok=True)
    stem = f"hotswap-{local(view.wall_s(view.clock_s)):%Y%m%dT%H%M%S}"
    paths = directory / f"{stem}.txt", directory / f"{stem}.json"
    for path, content in zip(
        paths, (text + below_screen(view), json.dumps(facts(view), indent=2, ensure_ascii=False)), strict=True
    ):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content + "\n")
    return paths
