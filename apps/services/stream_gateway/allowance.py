"""How much one connection may send: used up by what comes, and given back with time."""


class Allowance:
    """So many things a second for as long as a client likes, and more at once after a rest."""

    __slots__ = ("_at", "_burst", "_left", "_per_second")

    def __init__(self, per_second: float, burst: int, now: float) -> None:
        """Begin with the whole ``burst``; ``now`` is in seconds of a clock that never goes back."""
        self._per_second, self._burst = per_second, burst
        self._left, self._at = float(burst), now

    def take(self, count: int, now: float) -> bool:
        """Use up ``count``; False when that was more than there was."""
        self._left = min(self._left + (now - self._at) * self._per_second, self._burst) - count
        self._at = now
        return self._left >= 0
