"""feature-job on a real PostgreSQL and Redis: the same result however often it was killed on the way."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from feature_job.database import DatabaseError, Migration, migrate, migrations
from feature_job.online import materialize
from feature_job.tables import TABLES, newest_features, read_history, write_features, write_history
from featurestore.rows import Row, decode
from featurestore.training_sets import Example, Observation, point_in_time
from pricemodel.features import STORED_NAMES, stored_features
from pricemodel.histories import known_histories
from pricemodel.history import History

from sandbox.deathsignal import die_with_parent
from tests.support.postgres import PostgresServer
from tests.support.redis import RedisServer

pytestmark = pytest.mark.integration


@dataclass
class Stores:
    """A database and tenants of this test alone."""

    postgres: PostgresServer
    redis: RedisServer
    database: str
    tenant: str
    folder: Path

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            **self.postgres.environment("FEATURE_JOB_", self.database),
            **self.redis.environment("FEATURE_JOB_"),
            "FEATURE_JOB_TENANTS": self.tenant,
            "FEATURE_JOB_WAIT_SECONDS": "10",
            **more,
        }

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "feature_job", *arguments],
            cwd=self.folder,
            env=self.environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent(),  # noqa: PLW1509 - it takes no lock
        )

    def run(self, *arguments: str, **more: str) -> tuple[int, str, str]:
        process = self.start(*arguments, **more)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def contents(self) -> dict[str, Any]:
        """All that is in the tables and in the tenant's store, but for instants."""
        found: dict[str, Any] = {}
        with self.postgres.connect(self.database) as connection:
            for table in ("commodity_prices_daily", *TABLES):
                found[table] = connection.execute(f"SELECT * FROM {table} ORDER BY symbol, day").fetchall()
        with self.redis.client() as redis:
            for key in sorted(redis.scan_iter(f"features:{self.tenant}:commodity_prices:*")):
                row = decode(redis.get(key))
                found[key.decode().rpartition(":")[2]] = (row.day, dict(row.values))
        return found


@pytest.fixture
def stores(postgres_server: PostgresServer, redis_server: RedisServer, tmp_path: Path) -> Stores:
    name = f"t{uuid4().hex[:10]}"
    postgres_server.create_database(name)
    return Stores(postgres_server, redis_server, name, name, tmp_path)


def expected() -> dict[str, Any]:
    return {
        symbol: (history.days[-1].item(), stored_features(history)) for symbol, history in known_histories().items()
    }


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.soak)])
def test_killed_at_random_moments_and_run_again_it_ends_with_the_same(stores: Stores, kills: int):
    chance = random.Random(kills)
    for _ in range(kills):
        process = stores.start()
        time.sleep(chance.uniform(0.3, 2.5))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    code, out, err = stores.run()
    assert code == 0, err
    after_kills = stores.contents()
    assert {symbol: after_kills[symbol] for symbol in expected()} == expected(), (
        "as the library computes it, bit for bit"
    )
    assert len(after_kills["price_trends"]) == len(after_kills["market_indicators"])
    code, out, err = stores.run()
    assert code == 0, err
    assert stores.contents() == after_kills
    assert '"changed": 0' in out
    assert '"event": "migrated"' not in out


def test_the_modes_do_their_halves_and_a_reader_is_granted_what_the_file_says(stores: Stores):
    role = f"r{uuid4().hex[:8]}"
    stores.postgres.create_role(role)
    grants = stores.folder / "grants.sql"
    grants.write_text(f'GRANT SELECT ON TABLE "public"."commodity_prices_daily" TO "{role}";\n')
    code, _, err = stores.run("materialize")
    assert (code, "run the mode load or all first" in err) == (1, True), err
    code, _, err = stores.run("load", FEATURE_JOB_GRANTS_FILE=str(grants))
    assert code == 0, err
    assert set(stores.contents()) == {"commodity_prices_daily", *TABLES}
    with stores.postgres.connect(stores.database, role) as reader:
        assert reader.execute("SELECT count(*) FROM commodity_prices_daily").fetchone()[0] > 20_000
    code, _, err = stores.run("materialize")
    assert code == 0, err
    assert set(stores.contents()) - {"commodity_prices_daily", *TABLES} == set(expected())


def test_without_a_store_it_ends_with_a_sentence(stores: Stores):
    code, _, err = stores.run(FEATURE_JOB_POSTGRES_PASSWORD="wrong", FEATURE_JOB_WAIT_SECONDS="0")
    assert code == 1
    assert f"PostgreSQL 127.0.0.1:{stores.postgres.port}/{stores.database}: " in err
    assert "password authentication failed" in err
    code, _, err = stores.run(FEATURE_JOB_REDIS_PORT="1", FEATURE_JOB_WAIT_SECONDS="0")
    assert code == 1
    assert err.startswith("feature-job: Redis 127.0.0.1:1: ")
    assert "check FEATURE_JOB_REDIS_*" in err
    code, _, err = stores.run("load", FEATURE_JOB_GRANTS_FILE="/nowhere.sql")
    assert (code, "/nowhere.sql: No such file or directory" in err) == (1, True)


def test_a_corrected_history_replaces_prices_and_features_and_leaves_no_row_behind(stores: Stores):
    days = [date(2024, 1, 1) + timedelta(days=at) for at in range(120)]
    first = History.of("WTI", days, [50.0 + at % 7 for at in range(120)])
    corrected = History.of("WTI", days[:-5], [50.5 + at % 5 for at in range(115)])
    with stores.postgres.connect(stores.database) as connection:
        migrate(connection, migrations())
        assert write_history(connection, first) == 120
        assert write_features(connection, first) == 2 * 30
        assert write_history(connection, first) == 0
        assert write_features(connection, first) == 0
        assert write_history(connection, corrected) == 120
        again = read_history(connection, "WTI")
        assert (again.days.tolist(), again.closes.tolist()) == (corrected.days.tolist(), corrected.closes.tolist())
        write_features(connection, again)
        assert newest_features(connection) == {"WTI": (days[114], stored_features(corrected))}
        assert write_features(connection, corrected.last(50)) == 0
        for table in TABLES:
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (25,)


def test_a_migration_that_changed_and_a_database_that_is_ahead_are_refused(stores: Stores):
    steps = [Migration(1, "0001_one.sql", "CREATE TABLE one (x int);"), Migration(2, "0002_two.sql", "SELECT broken;")]
    with stores.postgres.connect(stores.database) as connection:
        with pytest.raises(Exception, match="broken"):
            migrate(connection, steps)
        steps[1] = Migration(2, "0002_two.sql", "CREATE TABLE two (x int); CREATE TABLE three (x int);")
        assert migrate(connection, steps) == ["0002_two.sql"], "the first had run and stays"
        assert migrate(connection, steps) == []
        with pytest.raises(DatabaseError, match=r"0001_one.sql was changed after it had run"):
            migrate(connection, [Migration(1, "0001_one.sql", "SELECT 1;"), steps[1]])
        with pytest.raises(DatabaseError, match="the tables are at version 2 and this program knows 1"):
            migrate(connection, steps[:1])


def test_examples_know_what_was_known_before_their_day_and_nothing_later(stores: Stores):
    chance = random.Random(7)
    names = ("last_close", "trend_7", "volatility_30")
    with stores.postgres.connect(stores.database) as connection:
        migrate(connection, migrations())
        known: dict[str, dict[date, tuple[float, ...]]] = {}
        for symbol in ("WTI", "GAS"):
            days = sorted(chance.sample([date(2024, 1, 1) + timedelta(days=at) for at in range(300)], 150))
            history = History.of(symbol, days, [chance.uniform(10, 90) for _ in days])
            history = History.of(symbol, days, [round(close, 4) for close in history.closes.tolist()])
            write_history(connection, history)
            write_features(connection, history)
            known[symbol] = {}
            for count in range(91, 151):
                features = stored_features(history.upto(count))
                known[symbol][days[count - 1]] = tuple(features[name] for name in names)
        observations = [
            Observation(chance.choice(["WTI", "GAS", "NONE"]), date(2024, 1, 1) + timedelta(days=chance.randrange(320)))
            for _ in range(400)
        ]
        for most_days in (None, 1, 3):
            found = point_in_time(connection, observations, names, most_days=most_days)
            assert found == [by_hand(one, known, most_days) for one in observations]
        assert point_in_time(connection, [], names) == []


def by_hand(one: Observation, known: dict[str, dict[date, tuple[float, ...]]], most_days: int | None) -> Example:
    """The join without a database: look at every day, keep the newest that is early enough."""
    days = [
        day
        for day in known.get(one.symbol, {})
        if day < one.day and (most_days is None or (one.day - day).days <= most_days)
    ]
    return Example(one, max(days), known[one.symbol][max(days)]) if days else Example(one, None, None)


def test_a_store_is_replaced_as_a_whole_and_never_by_older_features(stores: Stores):
    now = datetime.now(UTC)

    def rows(as_of: datetime, **values: float) -> dict[str, Row]:
        return {symbol: Row({"x": value}, date(2024, 1, 1), as_of) for symbol, value in values.items()}

    with stores.redis.client() as redis:
        assert materialize(redis, stores.tenant, rows(now, WTI=1.0, GAS=2.0)) == 2
        late = now - timedelta(seconds=1)
        assert materialize(redis, stores.tenant, rows(late, WTI=9.0, GAS=9.0)) == 0
        assert materialize(redis, stores.tenant, rows(now + timedelta(seconds=1), WTI=3.0)) == 2
        key = f"features:{stores.tenant}:commodity_prices:"
        assert decode(redis.get(f"{key}WTI")).values == {"x": 3.0}
        assert redis.get(f"{key}GAS") is None
        redis.set(f"{key}WTI", b"torn")
        assert materialize(redis, stores.tenant, rows(now, WTI=4.0)) == 1
        with pytest.raises(ValueError, match="no rows for the tenant"):
            materialize(redis, stores.tenant, {})
        assert decode(redis.get(f"{key}WTI")).values == {"x": 4.0}


def test_the_tables_hold_every_stored_feature_once():
    names = [name for columns in TABLES.values() for name in columns]
    assert sorted(names) == sorted(STORED_NAMES)
