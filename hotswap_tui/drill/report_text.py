"""The report for people: plain lines, made of the document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LABEL: Final = 11


def lines(told: Mapping[str, Any]) -> list[str]:
    """Return the report; its last line says how things stand now."""
    return list(_lines(told))


def verdict_line(told: Mapping[str, Any]) -> str:
    """Return the verdict in one line."""
    why = f" ({told['why']})" if told["why"] else ""
    return f"{told['verdict']}{why}"


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    yield f"Drill, {told['kind']}: {verdict_line(told)}"
    yield _row("when", f"{told['began']} to {told['ended']}, by {told['by'] or 'nobody'}")
    yield _row("database", f"{told['database']}; hotswap-tui {told['version']}, engine pid {told['engine_pid']}")
    yield _row("budget", f"{told['budget_s']:g} s for each way")
    yield from _leg("away", told["away"])
    yield from _leg("back", told["back"])
    if not told["gateway"]:
        yield _row("gateway", "none: nothing was moved, applications follow by themselves")
    yield from _clients(told["clients"])
    before, after = told["mode_before"], told["mode_after"]
    yield _row("automatic", f"switching was {_mode(before)}, is {_mode(after)}")
    yield _row("now", told["standing"])


def _row(label: str, text: str) -> str:
    return f"  {label:<{_LABEL}}{text}"


def _mode(mode: Mapping[str, Any]) -> str:
    by = f" (by {mode['by']})" if mode["by"] else ""
    return "on" if mode["armed"] else f"OFF{by}"


def _leg(label: str, leg: Mapping[str, Any] | None) -> Iterator[str]:
    if leg is None:
        yield _row(label, "did not happen")
        return
    how = "in {:.2f} s from decision to proof" if leg["result"] == "done" else "after {:.2f} s"
    took = "" if leg["took_s"] is None else f" {how.format(leg['took_s'])}"
    error = f": {leg['error']}" if leg["error"] else ""
    yield _row(label, f"{leg['from']} → {leg['to']} ({leg['kind']}) {leg['result']}{took}{error}")
    waited = leg.get("waited", 0)
    wait = f", the longest {leg['longest_wait_s']:.2f} s" if waited else ""
    severed = leg.get("severed", 0)
    yield _row("", f"clients held {waited}{wait}; connections cut off {severed}")
    if leg["steps"]:
        yield _row("", ", ".join(f"{step['step']} {_ms(step['took_ms'])}" for step in leg["steps"]))
    if leg.get("proof"):
        yield _row("", f"proof: {leg['proof']}")


def _ms(took_ms: float | None) -> str:
    return "?" if took_ms is None else f"{took_ms:.0f} ms"


def _clients(told: Mapping[str, Any]) -> Iterator[str]:
    if not told["measured"]:
        yield _row("clients", f"not measured: {told['reason']}")
        return
    yield from _client("clients", "one connection kept", told["kept"])
    yield from _client("", "a new one for each", told["anew"])


def _client(label: str, how: str, told: Mapping[str, Any]) -> Iterator[str]:
    by = ", ".join(f"{who} {count}" for who, count in told["answered_by"].items())
    counts = f"{told['answers']} answers ({by})" if by else "no answer"
    waits = (
        f"longest wait {told['longest_wait_s']:.2f} s, longest time without an answer {told['longest_outage_s']:.2f} s"
    )
    errors = "1 error" if told["errors"] == 1 else f"{told['errors']} errors"
    yield _row(label, f"{how}: {counts}, {errors}, {waits}")
    for failure in told["failures"]:
        yield _row("", f"  {failure['at']} {failure['error']}: {failure['text']}")
