"""What the one-shot commands raise when they cannot go on."""

from __future__ import annotations


class SyncError(Exception):
    """Say in one clean line without secrets what is wrong, where, and what to do."""
