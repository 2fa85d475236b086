"""The newest features into Redis: each row replaced as a whole, never by an older one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import redis
from featurestore import VIEW
from featurestore.rows import Row, RowError, decode, encode, index_of, key_of


def materialize(connection: redis.Redis, tenant: str, rows: Mapping[str, Row]) -> int:
    """Make a tenant's store these rows; the number of symbols written or taken away.

    One transaction of Redis: readers find each row whole, and after a crash the store is the old or the new one. A row
    that is newer than the given one stays: a job that was held up must not turn back what a later one did.

    Raises:
        ValueError: there are no rows: a store that was emptied by mistake would be told as unknown symbols.
        redis.RedisError: Redis refuses or does not answer.
    """
    if not rows:
        raise ValueError(f"no rows for the tenant {tenant}: its store is left as it is")
    index = index_of(tenant, VIEW)
    keys = {symbol: key_of(tenant, VIEW, symbol) for symbol in rows}

    # The stubs of redis-py know neither bytes nor what `value_from_callable` gives.
    def write(pipe: Any) -> Any:
        known = {name.decode() for name in pipe.smembers(index)}
        present = dict(zip(keys, pipe.mget(list(keys.values())), strict=True))
        pipe.multi()
        changed = 0
        for symbol, row in rows.items():
            if not _is_newer(present[symbol], row):
                pipe.set(keys[symbol], encode(row))
                changed += 1
        gone = sorted(known - rows.keys())
        if gone:
            pipe.delete(*(key_of(tenant, VIEW, symbol) for symbol in gone))
            pipe.srem(index, *gone)
        pipe.sadd(index, *rows)
        return changed + len(gone)

    changed: Any = connection.transaction(write, index, *keys.values(), value_from_callable=True)
    return int(changed)


def _is_newer(value: bytes | None, row: Row) -> bool:
    try:
        return value is not None and decode(value).as_of > row.as_of
    except RowError:
        return False
