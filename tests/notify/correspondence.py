"""A notifier beside a real engine in virtual time, whose letters arrive with the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import SecretStr

from hotswap_tui.core.values import Kind
from hotswap_tui.engine.local import LocalClient
from hotswap_tui.notify.notifier import Notifier

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotswap_tui.notify.delivery import Parcel
    from hotswap_tui.notify.message import Letter
    from tests.engine.engine_world import World

PREFIX = "cc on pi: "


class Correspondence:
    """Enters the notifier in `world`, and keeps what it sends; `answer` says what becomes of a parcel."""

    def __init__(self, world: World, *, urls: Sequence[str] = ("json://one",)) -> None:
        self.world = world
        self.letters: list[tuple[float, Letter]] = []
        self.answer: Callable[[Parcel], str] = lambda _parcel: ""
        self.notifier = Notifier(
            [SecretStr(url) for url in urls], LocalClient(world.engine), host="pi", send=self._send
        )
        self.seen = 0
        self._ended = False

    async def _send(self, parcels: Sequence[Parcel]) -> list[str]:
        now_s = self.world.loop.time()
        self.letters += [(now_s, parcel.letter) for parcel in parcels if not self.answer(parcel)]
        return [self.answer(parcel) for parcel in parcels]

    def begin(self) -> Correspondence:
        """Enter the notifier."""
        _ = self.world.spawn(self.notifier.__aenter__())
        self.world.go(0.1)
        return self

    def end(self) -> None:
        """Leave it, once."""
        if self._ended:
            return
        self._ended = True
        leaving = self.world.spawn(self.notifier.__aexit__())
        self.world.until(leaving.done, within_s=5)

    def new(self) -> list[str]:
        """Return type and title of the letters since the last call, without the prefix that all have."""
        new, self.seen = self.letters[self.seen :], len(self.letters)
        assert all(letter.title.startswith(PREFIX) for _, letter in new)
        return [f"{letter.type}: {letter.title.removeprefix(PREFIX)}" for _, letter in new]

    @property
    def body(self) -> str:
        """The newest body, without its last line, which is the time."""
        return self.letters[-1][1].body.rpartition("\n")[0]

    @property
    def notes(self) -> list[str]:
        """What the notifier told the event list."""
        return [text.removeprefix("notified ") for text in self.world.said(Kind.NOTIFY)]
