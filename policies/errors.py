from __future__ import annotations


class InputError(Exception):
    """Input that cannot be used; the message names file, place, value and fix, and is shown as is."""
