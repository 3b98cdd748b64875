"""What clients felt of a fault, and how it is printed: one line a fault, medians with their ranges."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hotswap_tui.demo.load import Attempt

HEADINGS = ("outage, s", "errors", "errors, worst", "longest wait, s", "gap, worst, s", "switches", "moved in, s")
LEGEND = "outage: nobody was answered; worst: of the client that had it worst; wait: one transaction; gap: one client without an answer"
NAME_WIDTH = 26
WIDTH = 21


@dataclass(frozen=True, slots=True)
class Felt:
    """One run. A wait is one transaction's, whatever came of it; a gap lies between two answers to one client."""

    outage_s: float
    """The longest time in which no client at all got an answer."""
    errors: int
    worst_errors: int
    """The errors of the client that had most."""
    wait_s: float
    gap_s: float
    """The longest time in which one client got no answer."""
    switches: int = 0
    moved_s: float = 0.0
    """From decision to proof, as the engine says."""


def felt(attempts: Iterable[Attempt], until_s: float, *, switches: int = 0, moved_s: float = 0.0) -> Felt:
    """Return what clients felt until `until_s` who met `attempts`, in the order in which they ended.

    Who has got no answer by then has waited for one so long.
    """
    answers_s: list[float] = []
    by_client: dict[int, list[float]] = defaultdict(list)
    errors: Counter[int] = Counter()
    wait_s = 0.0
    for attempt in attempts:
        wait_s = max(wait_s, attempt.took_s)
        if attempt.error:
            errors[attempt.client] += 1
        else:
            answers_s.append(attempt.at_s)
            by_client[attempt.client].append(attempt.at_s)
    return Felt(
        outage_s=_longest_gap([*answers_s, until_s]),
        errors=errors.total(),
        worst_errors=max(errors.values(), default=0),
        wait_s=wait_s,
        gap_s=max((_longest_gap([*answers, until_s]) for answers in by_client.values()), default=0.0),
        switches=switches,
        moved_s=moved_s,
    )


def _longest_gap(moments_s: Sequence[float]) -> float:
    return max((after - before for before, after in pairwise(moments_s)), default=0.0)


def heading() -> str:
    """Return the line above the figures."""
    return row("median (range)", HEADINGS)


def line(name: str, runs: Sequence[Felt], targets: Mapping[str, float]) -> str:
    """Return the line of one fault, and below it what was to be reached: the most of some fields of Felt."""
    values = {field.name: [getattr(run, field.name) for run in runs] for field in fields(Felt)}
    names = dict(zip(values, HEADINGS, strict=True))
    told = [target(names[field], reached(values[field]), most) for field, most in targets.items()]
    return "\n".join((row(name, map(column, values.values())), f"{'':<{NAME_WIDTH}}target: {'; '.join(told)}"))


def reached(values: Sequence[float]) -> float:
    """Return what a target is compared with: the median of durations, the worst of counts."""
    return max(values) if all(isinstance(value, int) for value in values) else statistics.median(values)


def target(name: str, value: float, most: float) -> str:
    """Return what was to be reached, marked: `outage, s ≤ 0.4 met`."""
    return f"{name} ≤ {most:g} {mark(met=value <= most)}"


def mark(*, met: bool) -> str:
    """Return how a target is marked."""
    return "met" if met else "MISSED"


def row(name: str, texts: Iterable[str]) -> str:
    """Return a row of the table."""
    return f"{name:<{NAME_WIDTH}}" + "".join(f"{text:>{WIDTH}}" for text in texts)


def column(values: Sequence[float], decimals: int = 3) -> str:
    """Return the median of some values and their range: `0.340 (0.310-0.400)`, whole numbers without decimals."""
    form = ".0f" if all(isinstance(value, int) for value in values) else f".{decimals}f"
    middle = statistics.median(values)
    middle_form = form if middle == int(middle) or form != ".0f" else ".1f"
    return f"{middle:{middle_form}} ({min(values):{form}}-{max(values):{form}})"
