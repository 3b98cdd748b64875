"""Errors of the decision core, one meaning each."""

from __future__ import annotations


class IllegalEventError(Exception):
    """The table does not allow this event in this state; nothing was changed."""


class RefusedError(IllegalEventError):
    """A person's request is not carried out; the text says why and what to do. Nothing was changed."""


class StaleRequestError(RefusedError):
    """The situation has changed since the person looked."""
