"""What a person asks of the engine. Whatever moves traffic is confirmed first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.errors import RefusedError
from hotswap_tui.core.events import ArmRequest, CancelRequest, CheckRequest, DisarmRequest
from hotswap_tui.core.failback_words import arming_fails_back
from hotswap_tui.core.proposal import propose_failback, propose_repair, propose_switch
from hotswap_tui.core.values import Level
from hotswap_tui.tui.confirm import ConfirmDialog
from hotswap_tui.tui.desk import Desk
from hotswap_tui.tui.dialogs import ArmDialog

if TYPE_CHECKING:
    from hotswap_tui.core.events import Request
    from hotswap_tui.core.proposal import Proposal


class Acting(Desk, inherit_bindings=False):
    """Requests to the engine."""

    def ask(self, request: Request) -> None:
        """Send a request; a refusal is said in the bottom line.

        An engine that does not answer is asked for nothing: one that hangs would do it at whatever moment it goes on.
        """
        if (silence := self.client.silence) is not None:
            self.say(f"nothing was asked: the engine does not answer ({silence.why})", Level.BAD)
            return
        self.run_worker(self._ask(request), exit_on_error=False)

    async def _ask(self, request: Request) -> None:
        try:
            await self.client.request(request)
        except RefusedError as error:
            self.say(str(error), Level.WARNING, until_key=True)
        except OSError as error:
            self.say(f"no answer from the engine: {error}", Level.BAD)

    def ask_switch(self) -> None:
        """Ask before traffic is switched to the other database."""
        self._confirm(propose_switch(self.present()))

    def ask_failback(self) -> None:
        """Ask before traffic goes back to the primary."""
        self._confirm(propose_failback(self.present()))

    def ask_repair(self) -> None:
        """Ask before the gateway is pointed at the active database."""
        self._confirm(propose_repair(self.present()))

    def _confirm(self, proposal: Proposal) -> None:
        self.put(ConfirmDialog(proposal, self.present()))

    def toggle_arm(self) -> None:
        """Turn automatic switching off or on; ask first where that alone would move traffic."""
        snapshot = self.present()
        if arming_fails_back(snapshot):
            self.put(ArmDialog(snapshot))
        else:
            self.ask(DisarmRequest(self.by) if snapshot.mode.armed else ArmRequest(self.by))

    def cancel_switch(self) -> None:
        """Cancel the switch in flight."""
        self.ask(CancelRequest(self.by))

    def check_now(self) -> None:
        """Check both databases now."""
        self.ask(CheckRequest(self.by))
