"""What waits for one client that is slow to read: bounded, and honest about what it leaves out."""

from collections import deque

from stream_gateway import messages
from stream_gateway.envelope import Item
from stream_gateway.messages import Place


class Outbox:
    """A queue of messages for one client.

    With the policy `drop-oldest` the oldest records go when it is full, and the client is told which as soon as it
    reads again. With `disconnect` it takes no more, and the client is to be cut.
    """

    __slots__ = ("_drop", "_items", "_limit", "_missing", "dropped")

    def __init__(self, limit: int, *, drop_oldest: bool) -> None:
        """Hold at most ``limit`` messages."""
        self._limit, self._drop = limit, drop_oldest
        self._items: deque[Item] = deque()
        self._missing: dict[Place, tuple[int, int]] = {}
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def full(self) -> bool:
        """Whether one more would cost another."""
        return len(self._items) >= self._limit

    def put(self, item: Item) -> bool:
        """Take a message; False when it is full and nothing may be dropped."""
        if len(self._items) >= self._limit:
            if not self._drop:
                return False
            self._drop_oldest()
        self._items.append(item)
        return True

    def take(self) -> Item | None:
        """The next message, or the notice of what is missing before it; None when there is none."""
        if self._missing:
            notice = Item(messages.gap(self._missing, "slow"))
            self._missing = {}
            return notice
        return self._items.popleft() if self._items else None

    def clear(self) -> None:
        """Forget everything: the client is gone."""
        self._items.clear()
        self._missing = {}

    def _drop_oldest(self) -> None:
        kept = []
        while self._items:
            item = self._items.popleft()
            if item.place is None:
                kept.append(item)
                continue
            first, last = self._missing.get(item.place, (item.offset, item.offset))
            self._missing[item.place] = min(first, item.offset), max(last, item.offset)
            self.dropped += 1
            break
        self._items.extendleft(reversed(kept))
