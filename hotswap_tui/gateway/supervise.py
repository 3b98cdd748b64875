"""Keeping the PgBouncer of a gateway alive: `gateway run`.

PgBouncer is the data plane and must not share the fate of this program, so it is a process of its own that the next supervisor
takes over. An orderly stop lets open transactions end: SIGINT does in every version. SIGTERM after it ends PgBouncer at
once, up to 1.22 in any case, since 1.23 because it is the second signal (a first SIGTERM would wait for all clients to leave there).
"""

from __future__ import annotations

import select
import signal
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.text import clean
from hotswap_tui.gateway.bouncer import BouncerError
from hotswap_tui.gateway.flock import Flock
from hotswap_tui.gateway.log_bound import LOOK_S, bound

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotswap_tui.gateway.bouncer import Bouncer
    from hotswap_tui.gateway.inbox import SignalInbox
    from hotswap_tui.gateway.notify import Notifier
    from hotswap_tui.gateway.process import Process

FIRST_DELAY_S: Final = 0.2
LONGEST_DELAY_S: Final = 5.0
GRACE_S: Final = 5.0
"""How long open transactions may take to end."""
_AT_ONCE_S: Final = 5.0
"""A PgBouncer that has served for less has died at once."""
_START_S: Final = 10.0
_POLL_S: Final = 0.02
_LOCK: Final = "run.lock"
_STAGES: Final = ((signal.SIGINT, GRACE_S), (signal.SIGTERM, 2.0), (signal.SIGKILL, 2.0))
_STOP: Final = frozenset({signal.SIGTERM, signal.SIGINT})


def next_delay_s(delay_s: float, lived_s: float) -> float:
    """Return how long to wait before the next start, `delay_s` being the last such wait (0: none yet)."""
    return FIRST_DELAY_S if lived_s >= _AT_ONCE_S else min(max(FIRST_DELAY_S, delay_s * 2), LONGEST_DELAY_S)


class Supervisor:
    """Start `bouncer`, or take over the one that an earlier supervisor left, and start it again whenever it dies.

    `tell` is given one line for a person at a time. Works with the signals in `inbox` alone, without threads.
    """

    def __init__(self, bouncer: Bouncer, inbox: SignalInbox, notifier: Notifier, tell: Callable[[str], None]) -> None:
        self._bouncer = bouncer
        self._inbox = inbox
        self._notifier = notifier
        self._tell = tell
        self._delay_s = 0.0

    def run(self) -> None:
        """Supervise until SIGTERM or SIGINT, then end PgBouncer in order; a second signal ends it at once.

        Raises BouncerError when somebody else does it already, or when the first start fails.
        """
        with Flock(self._bouncer.directory / _LOCK) as lock:
            if not lock.held:
                who = f" (pid {lock.signer()})" if lock.signer() else ""
                raise BouncerError(f"another gateway run{who} supervises {self._bouncer.directory} already")
            lock.sign()
            process = self._take_over() or self._start()
            while process is not None and not self._watch(process):
                process = self._bring_back()

    def _take_over(self) -> Process | None:
        process = self._bouncer.find()
        if process is not None:
            self._serving(process, "goes on under this supervisor; it listens")
        return process

    def _start(self) -> Process | None:
        """Return PgBouncer when it serves, None when asked to stop meanwhile; raises BouncerError."""
        deadline = time.monotonic() + _START_S
        with ExitStack() as stack:
            start = self._bouncer.start()
            stack.callback(start.close)
            process = start.process
            while not self._bouncer.serves(process):
                if process.ended():
                    raise BouncerError(f"PgBouncer {process.ending()}: {start.said() or self._see_log()}")
                if self._asked_to_stop(self._wait(_POLL_S, process)):
                    self._stop(process)
                    return None
                if time.monotonic() > deadline:
                    self._end(process)
                    raise BouncerError(
                        f"PgBouncer does not listen on {self._bouncer.endpoint}: {start.said() or self._see_log()}"
                    )
        self._serving(process, "listens")
        return process

    def _serving(self, process: Process, does: str) -> None:
        line = f"PgBouncer (pid {process.pid}) {does} on {self._bouncer.endpoint}"
        self._tell(line)
        self._notifier.ready(line)

    def _watch(self, process: Process) -> bool:
        """Wait until PgBouncer ends; return whether it was asked to."""
        began_s = time.monotonic()
        while not process.ended():
            bound(self._bouncer.gateway.log_file, self._bouncer.account.uid)
            signals = self._wait(LOOK_S, process)
            if self._asked_to_stop(signals):
                self._stop(process)
                return True
            if signal.SIGHUP in signals:
                process.signal(signal.SIGHUP)
                self._tell("PgBouncer reads its files again")
        self._delay_s = next_delay_s(self._delay_s, time.monotonic() - began_s)
        self._tell(
            f"PgBouncer (pid {process.pid}) {process.ending()}; it is started again in {self._delay_s:g} s ({self._see_log()})"
        )
        return False

    def _bring_back(self) -> Process | None:
        """Try until PgBouncer serves again; return None when asked to stop meanwhile."""
        told = ""
        while not self._asked_to_stop(self._wait_until(time.monotonic() + self._delay_s)):
            try:
                return self._start()
            except BouncerError as error:
                self._delay_s = next_delay_s(self._delay_s, 0.0)
                if str(error) != told:
                    told = str(error)
                    self._tell(f"{told}; it is tried again")
                    self._notifier.status(told)
        return None

    def _stop(self, process: Process) -> None:
        self._tell("PgBouncer is ended when its open transactions are; a second signal ends it now")
        self._notifier.stopping()
        for number, patience_s in _STAGES:
            process.signal(number)
            self._until_ended_or_asked(process, time.monotonic() + patience_s)
            if process.ended():
                break
        self._bouncer.forget()
        self._tell(f"PgBouncer (pid {process.pid}) {process.ending() if process.ended() else 'does not end'}")

    def _until_ended_or_asked(self, process: Process, deadline: float) -> None:
        while not process.ended() and (left_s := deadline - time.monotonic()) > 0:
            if self._asked_to_stop(self._wait(left_s, process)):
                return

    def _end(self, process: Process) -> None:
        process.signal(signal.SIGTERM)
        if not process.ended(1.0):
            process.signal(signal.SIGKILL)
        process.ending()
        self._bouncer.forget()

    def _wait_until(self, deadline: float) -> list[signal.Signals]:
        signals: list[signal.Signals] = []
        while not self._asked_to_stop(signals) and (left_s := deadline - time.monotonic()) > 0:
            signals += self._wait(left_s, None)
        return signals

    def _wait(self, timeout_s: float, process: Process | None) -> list[signal.Signals]:
        """Return the signals that arrive before the time is over or `process` ends."""
        poller = select.poll()
        for source in (self._inbox, process):
            if source is not None:
                poller.register(source, select.POLLIN)
        poller.poll(timeout_s * 1000)
        return self._inbox.take()

    @staticmethod
    def _asked_to_stop(signals: Sequence[signal.Signals]) -> bool:
        return not _STOP.isdisjoint(signals)

    def _see_log(self) -> str:
        return clean(f"see {self._bouncer.gateway.log_file}")
