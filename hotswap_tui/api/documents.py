"""The whole picture as one JSON document for programs: `/api/status`, and `hotswap-tui status --json`.

Wall times are ISO 8601 with the local offset, durations seconds; what is not known or not so is null. Keys are only ever added.
The OpenAPI document describes each of them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from hotswap_tui import __version__
from hotswap_tui.api.health import serves
from hotswap_tui.api.moments import Moments, local_iso
from hotswap_tui.api.sync_document import sync_document
from hotswap_tui.core.sentence import verdict as status_sentence
from hotswap_tui.core.sentence_parts import SEPARATOR
from hotswap_tui.core.text import clean

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import Countdown, DatabaseView, Snapshot, SwitchOutcome
    from hotswap_tui.core.traffic import Hold, Traffic
    from hotswap_tui.core.values import Drill, Mode, RouterReading, ServerFacts, Switch, Verdict

_LONG = 2000
"""A connection string may be longer than a sentence."""


def status_document(snapshot: Snapshot) -> dict[str, Any]:
    """Return everything that `snapshot` tells. No secret is in it: connection strings are masked."""
    moments = Moments.of(snapshot)
    sentence = status_sentence(snapshot, snapshot.now_s)
    return {
        "program": "hotswap-tui",
        "version": __version__,
        "time": local_iso(snapshot.wall_s),
        "name": clean(snapshot.name),
        "engine": {
            "pid": snapshot.pid,
            "started": moments.local(snapshot.started_s),
            "uptime_s": moments.ago_s(snapshot.started_s),
        },
        "decision": snapshot.version,
        "sentence": clean(sentence.say().replace(SEPARATOR, "; "), _LONG),
        "level": sentence.level.name.lower(),
        "state": snapshot.state.value,
        "active": snapshot.active.value,
        "serving": serves(snapshot),
        "since": moments.local(snapshot.since_s),
        "for_s": moments.ago_s(snapshot.since_s),
        "unavailable_since": moments.local(snapshot.unavailable_since_s),
        "suspicion_since": moments.local(snapshot.suspicion_since_s),
        "failover_available": snapshot.failover_available,
        "mode": _mode(snapshot.mode, moments, observe=snapshot.policy.observe),
        "primary": _database(snapshot.primary, moments),
        "secondary": None if snapshot.secondary is None else _database(snapshot.secondary, moments),
        "router": _router(snapshot.router, moments),
        "disagrees": snapshot.disagrees,
        "hold": None if snapshot.hold is None else _hold(snapshot.hold, moments),
        "switch": None if snapshot.switch is None else _switch(snapshot.switch, moments),
        "last_switch": None if snapshot.last_switch is None else _outcome(snapshot.last_switch, moments),
        "switches_in_hour": snapshot.switches_in_hour,
        "countdown": None if snapshot.countdown is None else _countdown(snapshot.countdown, moments),
        "blocked": clean(snapshot.blocked) or None,
        "blocked_until": moments.local(snapshot.blocked_until_s),
        "drill": None if snapshot.drill is None else _drill(snapshot.drill, moments),
        "sync": None if snapshot.sync is None else sync_document(snapshot.sync, moments),
        "policy": asdict(snapshot.policy),
    }


def _mode(mode: Mode, moments: Moments, *, observe: bool) -> dict[str, Any]:
    told = bool(mode.by) or not mode.armed
    return {
        "armed": mode.armed,
        "observe": observe,
        "by": clean(mode.by) or None,
        "why": clean(mode.why) or None,
        "since": moments.local(mode.since_s) if told else None,
        "until": moments.local(mode.until_s),
    }


def _database(view: DatabaseView, moments: Moments) -> dict[str, Any]:
    return {
        "role": view.role.value,
        "address": clean(view.address),
        "url": clean(view.url, _LONG),
        "health": view.health.value,
        "failures": view.failures,
        "passes": view.passes,
        "checking": view.checking,
        "next_check_in_s": moments.until_s(view.next_check_s),
        "last_pass": moments.local(view.last_pass_s),
        "down_since": moments.local(view.down_since_s),
        "check": None if view.verdict is None else _check(view.verdict, moments),
        "server": None if view.facts is None else _server(view.facts),
        "notes": [clean(note) for note in view.notes],
    }


def _check(verdict: Verdict, moments: Moments) -> dict[str, Any]:
    return {
        "passed": verdict.passed,
        "fault": verdict.fault and verdict.fault.value,
        "words": verdict.fault and verdict.fault.words,
        "detail": clean(verdict.detail) or None,
        "sqlstate": None if verdict.sqlstate is None else clean(verdict.sqlstate, 5),
        "latency_ms": _rounded(verdict.latency_ms),
        "connect_ms": _rounded(verdict.connect_ms),
        "fresh": verdict.fresh,
        "finished": moments.local(verdict.finished_s),
        "age_s": moments.ago_s(verdict.finished_s),
    }


def _server(facts: ServerFacts) -> dict[str, Any]:
    return {
        "version": clean(facts.version),
        "in_recovery": facts.in_recovery,
        "read_only": facts.read_only,
        "started": local_iso(facts.started_at),
        "connections": facts.connections,
        "max_connections": facts.max_connections,
    }


def _router(reading: RouterReading, moments: Moments) -> dict[str, Any]:
    return {
        "routed": reading.routed,
        "points_to": reading.points_to and reading.points_to.value,
        "address": clean(reading.address) or None,
        "error": clean(reading.error) or None,
        "version": ".".join(map(str, reading.version)) or None,
        "pool_mode": reading.pool_mode and reading.pool_mode.value,
        "paused": reading.paused,
        "proven": reading.proven,
        "proof": clean(reading.proof) or None,
        "traffic": None if reading.traffic is None else _traffic(reading.traffic, moments),
    }


def _traffic(traffic: Traffic, moments: Moments) -> dict[str, Any]:
    return {
        "time": moments.local(traffic.at_s),
        "clients_active": traffic.clients_active,
        "clients_waiting": traffic.clients_waiting,
        "servers_active": traffic.servers_active,
        "servers_idle": traffic.servers_idle,
        "max_wait_s": _rounded(traffic.max_wait_s, 6),
        "queries": traffic.queries,
        "query_time_us": traffic.query_time_us,
        "queries_per_s": _rounded(traffic.queries_per_s),
        "mean_query_ms": _rounded(traffic.mean_query_ms),
    }


def _hold(hold: Hold, moments: Moments) -> dict[str, Any]:
    return {
        "since": moments.local(hold.since_s),
        "for_s": moments.ago_s(hold.since_s),
        "until": moments.local(hold.until_s),
        "at_most_s": moments.until_s(hold.until_s),
    }


def _moved(switch: Switch, moments: Moments) -> dict[str, Any]:
    """Return what a switch in flight and one that has ended have in common, in the words of the history."""
    return {
        "id": switch.id,
        "kind": switch.kind.value,
        "from": switch.source.value,
        "to": switch.target.value,
        "started": moments.local(switch.started_s),
        "why": clean(switch.why),
        "automatic": switch.automatic,
        "by": clean(switch.by) or None,
        "cancelled_by": clean(switch.cancelled_by) or None,
        "forced": switch.forced,
        "attempts": switch.attempt,
        "recipe": switch.plan and switch.plan.recipe.value,
    }


def _switch(switch: Switch, moments: Moments) -> dict[str, Any]:
    return _moved(switch, moments) | {
        "for_s": moments.ago_s(switch.started_s),
        "step": clean(switch.step) or None,
        "detail": clean(switch.detail) or None,
        "steps": [
            {"step": step.value, "done": step in switch.steps_done}
            for step in (() if switch.plan is None else switch.plan.steps)
        ],
        "cancellable": switch.cancellable,
        "unknown": switch.unknown,
    }


def _outcome(outcome: SwitchOutcome, moments: Moments) -> dict[str, Any]:
    return _moved(outcome.switch, moments) | {
        "finished": moments.local(outcome.finished_s),
        "took_s": round(outcome.took_s, 3),
        "result": outcome.result,
        "error": clean(outcome.error),
        "was_down": outcome.down and outcome.down.value,
        "was_down_s": None if outcome.down is None else round(outcome.down_s, 3),
        "waited": outcome.waited.clients,
        "longest_wait_s": round(outcome.waited.longest_s, 3),
        "severed": outcome.severed,
        "proof": clean(outcome.proof),
    }


def _countdown(countdown: Countdown, moments: Moments) -> dict[str, Any]:
    return {
        "action": countdown.action,
        "at": moments.local(countdown.at_s),
        "in_s": moments.until_s(countdown.at_s),
    }


def _drill(drill: Drill, moments: Moments) -> dict[str, Any]:
    return {
        "by": clean(drill.by),
        "since": moments.local(drill.since_s),
        "until": moments.local(drill.until_s),
        "planned": drill.planned,
    }


def _rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(value, digits)
