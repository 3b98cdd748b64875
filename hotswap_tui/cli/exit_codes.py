"""What this program's exit codes mean."""

from __future__ import annotations

OK = 0
FAILED = 1
USAGE = 2
"""Wrong usage or settings; standard error says what to change."""
LOCKED = 3
"""Another engine controls the state directory."""
TERMINAL = 4
"""This terminal cannot show the dashboard."""
