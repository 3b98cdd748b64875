"""Confirming a switch, and watching it until its outcome is known: done, failed, or unknown."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from hotswap_tui.core.errors import RefusedError
from hotswap_tui.core.events import CancelRequest
from hotswap_tui.core.outcome_words import latest_switch, outcome_words, unknown_words
from hotswap_tui.core.proposal import changes, obstacle
from hotswap_tui.core.switch_words import way
from hotswap_tui.core.time_words import age
from hotswap_tui.tui.cells import BLANK, LEVEL_TONES, Row, Span, Tone, fit, wrap
from hotswap_tui.tui.dialogs import Dialog, edited
from hotswap_tui.tui.outcomes import under_way
from hotswap_tui.tui.proposals import proposal_rows

if TYPE_CHECKING:
    from textual.events import Key

    from hotswap_tui.core.proposal import Proposal
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.tui.view import View

_LEAVE = frozenset({"escape", "ctrl+c"})


class Stage(Enum):
    """Where the dialogue is."""

    ASKING = auto()
    CLOSED = auto()
    """Nothing was done; the text says why."""
    MOVING = auto()
    UNANSWERED = auto()
    """The request went out and no answer came back."""


class ConfirmDialog(Dialog):
    """Ask for the word, send the request, show what became of it. It never begins on the acting choice."""

    def __init__(self, proposal: Proposal, snapshot: Snapshot) -> None:
        super().__init__()
        self.heading = proposal.title
        self._proposal = proposal
        self._stage = Stage.ASKING
        self._typed = ""
        self._refused = False
        """Whether enter was pressed on another word than the one asked for."""
        self._why = ""
        self._asked_on = snapshot
        self._before = latest_switch(snapshot)
        self._ended: tuple[str, str, Tone] | None = None
        """How its own switch ended, whatever happens after that."""

    @property
    def stage(self) -> Stage:
        """Return where the dialogue is."""
        return self._stage

    def rows(self, view: View, width: int) -> list[Row]:
        """Return the question, or how it went."""
        snapshot = view.snapshot
        if self._stage is Stage.ASKING and view.silence is not None:
            self._close(f"the engine does not answer: {view.silence.why}. Nothing was done")
        if self._stage is Stage.ASKING and snapshot.version != self._proposal.version:
            what = changes(self._asked_on, snapshot)
            self._close(f"the situation has changed: {what}. Nothing was done; look again before you decide")
        if self._stage is Stage.CLOSED:
            return self._told("✗", self._why, Tone.WARNING, width)
        if self._stage is Stage.UNANSWERED:
            text = f"unknown: no answer came back ({self._why}). Look at who serves before you try again"
            return self._told("?", text, Tone.BAD, width)
        if self._stage is Stage.MOVING:
            return self._progress(snapshot, view.now_s, width)
        return [*proposal_rows(self._proposal, view, width), BLANK, *self._prompt(snapshot, width)]

    def _prompt(self, snapshot: Snapshot, width: int) -> list[Row]:
        leave = [Span("escape", Tone.KEY), Span(" leaves everything as it is")]
        if obstacle(self._proposal, snapshot):
            return [Row(tuple(leave))]
        if not self._proposal.word:
            return [Row((Span("y", Tone.KEY), Span(f" {self._proposal.verb}     "), *leave))]
        ask = f"Type {self._proposal.word} and press enter to {self._proposal.verb}"
        if self._refused:
            ask = f'not "{self._proposal.word}": {ask[0].lower()}{ask[1:]}'
        mistyped = self._refused or not self._proposal.word.startswith(self._typed)
        field = Span(fit(f"{self._typed}_", 20), Tone.BAD if mistyped else Tone.STRONG)
        return [
            *(Row((Span(line, Tone.BAD if self._refused else Tone.PLAIN),)) for line in wrap(ask, width)),
            Row((Span("> ", Tone.KEY), field, *leave)),
        ]

    def _told(self, sign: str, text: str, tone: Tone, width: int) -> list[Row]:
        lines = wrap(text, width - 2)
        told = [Row((Span(f"{sign if i == 0 else ' '} ", tone), Span(line, tone))) for i, line in enumerate(lines)]
        return [
            *told,
            BLANK,
            Row((Span("escape", Tone.KEY), Span(" or "), Span("enter", Tone.KEY), Span(" closes this"))),
        ]

    def _progress(self, snapshot: Snapshot, now_s: float, width: int) -> list[Row]:
        outcome = snapshot.last_switch
        if self._ended is None and outcome is not None and outcome.switch.id > self._before and snapshot.switch is None:
            sign, words, level = outcome_words(outcome, snapshot)
            self._ended = sign, words, LEVEL_TONES[level]
        if self._ended is not None:
            return self._told(*self._ended, width)
        switch = snapshot.switch
        if switch is None:
            return self._told("…", "asked for; not begun yet", Tone.PLAIN, width)
        if switch.unknown:
            return self._told("?", unknown_words(snapshot), Tone.BAD, width)
        rows = self._told("…", f"{way(switch)}   {age(now_s - switch.started_s)}", Tone.WARNING, width)
        under = under_way(switch, width - 2, routed=snapshot.router.routed)
        rows[1:1] = [Row((Span(f"  {line}"),)) for line in under]
        if switch.cancellable and not switch.cancelled_by:
            rows.append(Row((Span("X", Tone.KEY), Span(" cancels it"))))
        return rows

    def _close(self, why: str) -> None:
        self._stage, self._why = Stage.CLOSED, why

    def press(self, event: Key) -> None:
        """Take the word while asking; afterwards only leave or cancel."""
        if event.key in _LEAVE:
            self.shut()
        elif self._stage is not Stage.ASKING:
            self._press_after(event)
        elif self.dashboard.client.silence is not None or obstacle(self._proposal, self.dashboard.present()):
            return
        elif not self._proposal.word:
            self._press_short(event)
        elif event.key != "enter":
            self._typed, self._refused = edited(self._typed, event)[: len(self._proposal.word) + 8], False
        elif self._typed == self._proposal.word:
            self._send()
        else:
            self._refused = bool(self._typed)

    def _press_short(self, event: Key) -> None:
        if event.key == "y":
            self._send()
        elif event.key == "n":
            self.shut()

    def _press_after(self, event: Key) -> None:
        if event.key == "enter":
            self.shut()
        elif event.key == "X" and self._stage is Stage.MOVING:
            self.dashboard.ask(CancelRequest(self.dashboard.by))

    def _send(self) -> None:
        self._stage = Stage.MOVING
        self.run_worker(self._carry_out(), exit_on_error=False)

    async def _carry_out(self) -> None:
        try:
            await self.dashboard.client.request(self._proposal.make(self.dashboard.by))
        except RefusedError as error:
            self._close(f"refused: {error}")
        except OSError as error:
            self._stage, self._why = Stage.UNANSWERED, str(error) or type(error).__name__
        if self.is_active:
            self.paint(self.dashboard.live())
