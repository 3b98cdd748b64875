"""The first two lines: what this is and whether it lives; and the sentence that says how things stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hotswap_tui.core.sentence import AUTOMATION_OFF, OBSERVES, silence, verdict
from hotswap_tui.core.sentence_parts import MAY, MUST, SEPARATOR, SHOULD, Sentence
from hotswap_tui.core.time_words import age
from hotswap_tui.tui.cells import LEVEL_TONES, Row, Span, Tone, ends, fit, printable, right, spans_width, width_of
from hotswap_tui.tui.view import local

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap_tui.core.sentence_parts import Part
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
    if view.snapshot.policy.observe:
        return Span(f"{looks}{OBSERVES}", Tone.WARNING)
    return (
        Span(f"{looks}AUTO", Tone.GOOD) if view.snapshot.mode.armed else Span(f"{looks}{AUTOMATION_OFF}", Tone.WARNING)
    )


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
    if view.stale_s is None:
        return verdict(view.snapshot, view.now_s)
    return silence(view.stale_s, view.silence.why if view.silence is not None else "")


def verdict_row(view: View, width: int) -> Row:
    """Return the sentence in `width` cells, the less important parts shortened or left out first."""
    sentence = sentence_of(view)
    parts = [part for part in sentence.parts if not part.command or part.command in view.keys]
    tone = LEVEL_TONES[sentence.level]
    return ends([Span(" "), *_Fitting(parts, view.keys, tone, width - 1).shorten()], [], width)


@dataclass(slots=True)
class _Fitting:
    """Which form of each part is said; the number of its forms: it is left out."""

    parts: list[Part]
    keys: Mapping[str, str]
    tone: Tone
    width: int
    said: list[int] = field(default_factory=list)

    def shorten(self) -> list[Span]:
        """Say everything; where that does not fit the least of each part, then more where the most was given up.

        What is left out altogether: what may be, then the later parts that should be said, and at the very last those that
        must, except the first.
        """
        self.said = [0] * len(self.parts)
        if not self._fits():
            must, should, may = (self._ranked(rank) for rank in (MUST, SHOULD, MAY))
            self.said = [len(_forms(part)) - (part.rank != MAY) for part in self.parts]
            for index in [*reversed(should), *reversed(must[1:])]:
                if self._fits():
                    break
                self.said[index] += 1
            self._bring_back(must + should)
            for some in (must, should, may):
                self._bring_back(some)
                self._lengthen(some)
        return self.spans()

    def _ranked(self, rank: int) -> list[int]:
        return [index for index, part in enumerate(self.parts) if part.rank == rank]

    def spans(self) -> list[Span]:
        """Return the sentence as it stands."""
        forms = [
            (part, _forms(part)[said]) for part, said in zip(self.parts, self.said, strict=True) if _in(part, said)
        ]
        return _spans(forms, self.keys, self.tone)

    def _bring_back(self, indexes: list[int]) -> None:
        """Say again, as short as can be, what was left out and fits."""
        for index in indexes:
            if not _in(self.parts[index], self.said[index]):
                self._try(index)

    def _lengthen(self, indexes: list[int]) -> None:
        """Say more, form by form, where the most was given up."""
        open_ones = [i for i in indexes if _in(self.parts[i], self.said[i])]
        while open_ones := [i for i in open_ones if self.said[i]]:
            most = max(open_ones, key=lambda i: self.said[i])
            if not self._try(most):
                open_ones.remove(most)

    def _try(self, index: int) -> bool:
        self.said[index] -= 1
        fits = self._fits()
        self.said[index] += not fits
        return fits

    def _fits(self) -> bool:
        return spans_width(self.spans()) <= self.width


def _forms(part: Part) -> tuple[str, ...]:
    return (part.text, *part.shorter)


def _in(part: Part, said: int) -> bool:
    return said < len(_forms(part))


def _spans(parts: list[tuple[Part, str]], keys: Mapping[str, str], tone: Tone) -> list[Span]:
    spans: list[Span] = []
    for index, (part, words) in enumerate(parts):
        if index:
            spans.append(Span(SEPARATOR))
        if part.command:
            spans += [Span(keys[part.command], Tone.KEY), Span(f" {words}")]
            continue
        own = Tone.STRONG if index and part.level is None else tone if index == 0 else Tone.PLAIN
        spans.append(Span(words, LEVEL_TONES[part.level] if part.level is not None else own))
    return spans
