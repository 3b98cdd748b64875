"""A live failover and failback over two real servers, as people hear of it: real Apprise, a real receiver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.config import load
from hotswap_tui.core.values import Kind, Role
from hotswap_tui.engine.assembly import assemble
from hotswap_tui.engine.local import LocalClient
from hotswap_tui.notify import Notifier, outbox
from tests.support.until import until

FAST = {
    "DB_HEALTH_CHECK_INTERVAL": "300",
    "DB_CONNECTION_TIMEOUT": "300",
    "DB_FAILURE_RETRY_INTERVAL": "100",
    "DB_PRIMARY_RETRY_INTERVAL": "500",
    "DB_FRESH_CONNECT_EVERY": "3",
}
DEADLINE_S = 40.0

if TYPE_CHECKING:
    from pathlib import Path


async def test_failover_and_failback_are_two_messages_and_the_second_is_the_only_summary(
    server_pair, receiver, tmp_path, monkeypatch
):
    monkeypatch.setattr(outbox, "RETRY_S", 0.2)
    flaky, broken = f"json://pi:hunter22@{receiver.place}/flaky", f"json://{receiver.place}/500-sesame"
    loaded = load(
        {},
        {
            **FAST,
            "DATABASE_URL": server_pair.primary.url,
            "DATABASE_URL_SECONDARY": server_pair.secondary.url,
            "HOTSWAP_STATE_DIR": str(tmp_path / "state"),
            "HOTSWAP_NOTIFY_URLS": f"{flaky} {broken}",
        },
        [],
        tmp_path,
        None,
    )
    log: list[object] = []
    async with assemble(loaded, log.append) as engine:
        client = LocalClient(engine)
        async with Notifier(loaded.settings.notification_urls(), client, host="pi"):
            await until(lambda: client.snapshot().failover_available, DEADLINE_S)
            server_pair.primary.crash()
            await until(lambda: client.snapshot().active is Role.SECONDARY, DEADLINE_S)
            await until(lambda: len(receiver.letters) == 1, DEADLINE_S, "the failover was not told")
            server_pair.primary.start()
            await until(lambda: client.snapshot().active is Role.PRIMARY, DEADLINE_S)
            await until(lambda: len(receiver.letters) == 2, DEADLINE_S, "the failback was not told")
        notes = [event.text for event in client.events() if event.kind is Kind.NOTIFY]
    first, second = receiver.letters
    database = loaded.primary.login_database()
    assert (first["type"], second["type"]) == ("warning", "success")
    assert first["title"].startswith(f"{database} on pi: secondary chosen after ")
    assert second["title"].startswith(f"{database} on pi: primary chosen after ")
    assert "Nothing served for" not in first["message"]
    assert "Nothing served for" in second["message"]
    assert "2 switches." in second["message"]
    assert f"json://{receiver.place} (1) takes notifications again" in notes
    assert "not everybody was told before the end" in notes[-1]
    for secret in ("hunter22", "sesame"):
        assert secret not in str(log)
        assert secret.encode() not in written_below(tmp_path)


def written_below(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())
