"""Latency samples on the wire: times as differences in milliseconds, latencies in microseconds, -1 for a failed check."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from hotswap_tui.api.wire import MalformedError
from hotswap_tui.core.values import Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Samples: TypeAlias = "Sequence[tuple[float, float | None]]"
"""Monotonic seconds and milliseconds, None for a failed check."""

_FAILED: Final = -1


def pack(samples: Mapping[Role, Samples]) -> dict[str, Any]:
    """Return the samples of each database that has any, as JSON knows them."""
    return {str(role): _packed(kept) for role, kept in samples.items() if kept}


def unpack(plain: Any) -> dict[Role, list[tuple[float, float | None]]]:
    """Return what `pack` was given, rounded; raises MalformedError."""
    try:
        return {Role(name): _unpacked(packed["ms"], packed["us"]) for name, packed in plain.items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise MalformedError("samples are not of the form that this program knows") from error


def _packed(samples: Samples) -> dict[str, list[int]]:
    times_ms = [round(at_s * 1000) for at_s, _ in samples]
    return {
        "ms": [times_ms[0], *(later - earlier for earlier, later in pairwise(times_ms))],
        "us": [_FAILED if latency_ms is None else round(latency_ms * 1000) for _, latency_ms in samples],
    }


def _unpacked(steps_ms: list[int], latencies_us: list[int]) -> list[tuple[float, float | None]]:
    return [
        (at_ms / 1000, None if latency_us < 0 else latency_us / 1000)
        for at_ms, latency_us in zip(accumulate(steps_ms), latencies_us, strict=True)
    ]
