"""Events of one partition as columns, so that a batch of thousands costs a few calls of numpy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

GOOD, BAD, LATE = 0, 1, 2
"""What became of a record: counted in statistics, not readable, behind the watermark."""

SCALE = 10_000
"""Prices are whole numbers of this fraction of the currency unit: the topics' decimals have four digits."""

_BITS = 62


@dataclass(frozen=True)
class Events:
    """Records of one partition.

    Attributes:
        series: number of the series (the record's key).
        time: event time in microseconds since 1970; of a record that is not good, the front when it came.
        value: price in units of 1/SCALE; 0 of a record that is not good.
        offset: the record's offset.
        front: largest event time that the partition had seen before the record, in microseconds.
        kind: GOOD, BAD or LATE.
    """

    series: Ints
    time: Ints
    value: Ints
    offset: Ints
    front: Ints
    kind: Ints

    @classmethod
    def none(cls) -> Self:
        """No events."""
        empty = np.empty(0, dtype=np.int64)
        return cls(empty, empty, empty, empty, empty, empty)

    def __len__(self) -> int:
        return len(self.series)

    def where(self, mask: Flags | Ints) -> Events:
        """The events that a mask or an index selects."""
        return Events(
            self.series[mask], self.time[mask], self.value[mask], self.offset[mask], self.front[mask], self.kind[mask]
        )

    @staticmethod
    def joined(parts: list[Events]) -> Events:
        """Events of several batches, one behind the other."""
        if len(parts) == 1:
            return parts[0]
        return Events(
            np.concatenate([part.series for part in parts]),
            np.concatenate([part.time for part in parts]),
            np.concatenate([part.value for part in parts]),
            np.concatenate([part.offset for part in parts]),
            np.concatenate([part.front for part in parts]),
            np.concatenate([part.kind for part in parts]),
        )

    def oldest(self) -> tuple[int, int] | None:
        """Offset and front of the record that was read first; None where there is none."""
        if not len(self):
            return None
        row = int(self.offset.argmin())
        return int(self.offset[row]), int(self.front[row])

    def in_order(self) -> Events:
        """The events by series, time, value and kind."""
        if len(self) < 2:
            return self
        earliest = self.time.min()
        bits = int(self.time.max() - earliest).bit_length()
        if bits + int(self.series.max()).bit_length() > _BITS:
            return self.where(np.lexsort((self.kind, self.value, self.time, self.series)))
        # One key is sorted instead of four; most of what is held is in order already.
        key = (self.series << bits) | (self.time - earliest)
        order = np.argsort(key, kind="stable")
        key = key[order]
        same = key[1:] == key[:-1]
        if same.any():
            tied = np.zeros(len(key), dtype=bool)
            tied[1:] |= same
            tied[:-1] |= same
            places = np.flatnonzero(tied)
            rows = order[places]
            order[places] = rows[np.lexsort((self.kind[rows], self.value[rows], key[places]))]
        return self.where(order)
