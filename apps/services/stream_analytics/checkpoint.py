"""What is kept beside a committed offset, so that a restart loses no window and gives none twice."""

from __future__ import annotations

from typing import Self

import orjson
from pydantic import BaseModel, ConfigDict, Field

NEVER = -(2**62)
"""Event time of a partition that has not seen a record: before every other."""


class Checkpoint(BaseModel):
    """State of a partition as it is committed in the transaction that writes its windows.

    The committed offset is that of the oldest record that an open window may need. Reading begins there again, with the
    watermark of that moment, and comes to the very state of the commit when it reaches ``next``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    offset: int = Field(ge=0, description="Offset at which reading begins again.")
    next: int = Field(ge=0, description="Offset behind the last record that was taken in.")
    front: int = Field(description="Largest event time seen before `offset`, in microseconds.")
    emitted: int = Field(description="Windows that end by this time, in microseconds, were given out.")
    jumps: tuple[tuple[int, int], ...] = Field(
        default=(), description="Offsets before which event time went on without a record, and to what time."
    )

    def metadata(self, fingerprint: str) -> str:
        """The text that Kafka keeps beside the offset.

        Args:
            fingerprint: of the window settings: a checkpoint of other windows cannot be continued.
        """
        return orjson.dumps({"windows": fingerprint, **self.model_dump(exclude={"offset"})}).decode()

    @classmethod
    def read(cls, offset: int, metadata: str | None) -> tuple[Self, str]:
        """The checkpoint of a committed offset, and the fingerprint of the windows that it was written for.

        Raises:
            ValueError: the metadata was written by something else.
        """
        try:
            found = orjson.loads(metadata or "")
            fingerprint = str(found.pop("windows"))
            return cls.model_validate({"offset": offset, **found}), fingerprint
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise ValueError(
                f"the metadata {metadata!r} of the committed offset {offset} is not a checkpoint of stream-analytics: "
                "another program uses its consumer group; give each its own, or delete the group's offsets"
            ) from error

    def for_other_windows(self, longest_seconds: int) -> Self:
        """The checkpoint after a change of the windows.

        What is read again may not reach back far enough for them: windows that begin before what was given out last are
        left out.
        """
        return self.model_copy(update={"emitted": self.emitted + longest_seconds * 1_000_000})
