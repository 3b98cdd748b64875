"""An engine without a dashboard, until it is killed: what `bench_engine` measures."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from hotswap_tui.config import load
from hotswap_tui.engine.assembly import assemble


async def main() -> None:
    """Check as the environment says."""
    loaded = load({}, os.environ, [], Path.cwd(), None)
    loaded.settings.state_dir.mkdir(parents=True, exist_ok=True)
    await assemble(loaded, lambda _event: None).run()


if __name__ == "__main__":
    asyncio.run(main())
