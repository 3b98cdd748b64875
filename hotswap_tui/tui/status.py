"""The first two lines: what this is and whether it lives; and the sentence that says how things stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.sentence import MAY, MUST, SEPARATOR, SHOULD, Sentence, age, silence, verdict
from hotswap_tui.tui.cells import LEVEL_TONES, Row, Span, Tone, ends, fit, printable, right, spans_width, width_of
from hotswap_tui.tui.view import local

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap_tui.core.sentence import Part
    from hotswap_tui.tui.view import View

_NAME_WIDTH = 24
_ROOMY = 76


def status_row(view: View, width: int) -> Row:
    """Return title, database, mode, check interval, age and clock in `width` cells."""
    roomy = width >= _ROOMY
    left = [Span(" hotswap-tui  " if roomy else " hotswap ", Tone.TITLE)]
    name = printable(view.snapshot.name)
    left.append(Span(fit(name, min(width_of(name), _NAME_WIDTH)), Tone.STRONG))
    clock = local(view.wall_s(view.clock_s))
    tail = [
        Span("  "),
        _mode(view),
        Span(_interval(view, roomy=roomy), Tone.DIM),
        _life(view),
        Span(f"   {clock:%H:%M:%S} "),
    ]
    return ends(left, tail, width)


def _mode(view: View) -> Span:
    looks = "view only  " if view.choices.read_only else ""
    if view.snapshot.secondary is None:
        return Span(f"{looks}WATCH", Tone.DIM)
    return Span(f"{looks}AUTO", Tone.GOOD) if view.snapshot.mode.armed else Span(f"{looks}OFF", Tone.WARNING)


def _interval(view: View, *, roomy: bool) -> str:
    seconds = view.snapshot.policy.check_interval_s
    return f"   {'check ' if roomy else ''}{seconds:g}s   "


def _life(view: View) -> Span:
    if view.frozen:
        changed = " ▲ changed" if view.changed_since else ""
        return Span(f"FROZEN {age(view.clock_s - view.now_s)}{changed}", Tone.WARNING)
    if view.stale_s is not None:
        return Span(f"STALE {age(view.stale_s)}", Tone.BAD)
    newest_s = _newest_check_s(view)
    if newest_s is None:
        return Span("○ starting", Tone.DIM)
    return Span(f"● live {right(age(view.now_s - newest_s), 4)}", Tone.GOOD)


def _newest_check_s(view: View) -> float | None:
    snapshot = view.snapshot
    views = (snapshot.primary, snapshot.secondary)
    return max((v.verdict.finished_s for v in views if v is not None and v.verdict is not None), default=None)


def sentence_of(view: View) -> Sentence:
    """Return the sentence for the picture that is shown."""
    return silence(view.stale_s) if view.stale_s is not None else verdict(view.snapshot, view.now_s)


def verdict_row(view: View, width: int) -> Row:
    """Return the sentence in `width` cells, the less important parts shortened or left out first."""
    sentence = sentence_of(view)
    parts = [part for part in sentence.parts if not part.command or part.command in view.keys]
    tone = LEVEL_TONES[sentence.level]
    return ends([Span(" "), *_fitting(parts, view.keys, tone, width - 1)], [], width)


def _fitting(parts: list[Part], keys: Mapping[str, str], tone: Tone, width: int) -> list[Span]:
    """Shorten, then drop, the least important parts, the later ones first; then take back what fits after all."""
    short: set[int] = set()
    shown = set(range(len(parts)))

    def spans() -> list[Span]:
        return _spans([(parts[i], i in short) for i in sorted(shown)], keys, tone)

    by_weakness = sorted(range(len(parts)), key=lambda i: (parts[i].rank, i), reverse=True)
    for rank in (MAY, SHOULD, MUST):
        of_rank = [i for i in by_weakness if parts[i].rank == rank]
        steps = [*((short.add, i) for i in of_rank), *((shown.remove, i) for i in of_rank if rank != MUST)]
        for act, index in steps:
            if spans_width(spans()) > width:
                act(index)
    for index in [i for i in reversed(by_weakness) if i not in shown]:
        shown.add(index)
        if spans_width(spans()) > width:
            shown.remove(index)
    for index in [i for i in reversed(by_weakness) if i in short]:
        short.remove(index)
        if spans_width(spans()) > width:
            short.add(index)
    return spans()


def _spans(parts: list[tuple[Part, bool]], keys: Mapping[str, str], tone: Tone) -> list[Span]:
    spans: list[Span] = []
    for index, (part, short) in enumerate(parts):
        if index:
            spans.append(Span(SEPARATOR))
        words = part.short if short and part.short else part.text
        if part.command:
            spans += [Span(keys[part.command], Tone.KEY), Span(f" {words}")]
            continue
        own = Tone.STRONG if index and part.level is None else tone if index == 0 else Tone.PLAIN
        spans.append(Span(words, LEVEL_TONES[part.level] if part.level is not None else own))
    return spans
