"""`python -m hotswap_tui`."""

from __future__ import annotations

import sys

from hotswap_tui.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
