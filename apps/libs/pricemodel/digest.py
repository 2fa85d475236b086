"""One digest for all that a model was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from pricemodel.history import History


def digest(histories: Mapping[str, History]) -> str:
    """SHA-256 over symbols, days and closes: equal histories have equal digests, whatever their order in the map."""
    state = sha256()
    for symbol in sorted(histories):
        history = histories[symbol]
        state.update(f"{symbol}\n{len(history)}\n".encode())
        state.update(history.days.astype("<M8[D]").tobytes())
        state.update(history.closes.astype("<f8").tobytes())
    return state.hexdigest()
