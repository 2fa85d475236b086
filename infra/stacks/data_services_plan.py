"""From configuration to databases, caches and backups that AWS runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra.components.features import redis
from infra.components.foundation import backup_layout, cache_layout, database_layout
from infra.components.foundation.backup_layout import BackupArgs, BackupClass
from infra.components.foundation.cache_layout import CacheArgs
from infra.components.foundation.database_layout import DatabaseArgs
from infra.components.foundation.network_layout import NetworkArgs, zones_of
from infra.config import StackConfig
from infra.core.catalog.catalog import FOLDER
from infra.core.catalog.prices import PriceCatalog
from infra.core.cost.usage import Usage
from infra.core.errors import ConfigurationError, Problem
from infra.core.names import PROJECT, dns_label
from infra.core.quantity import gibibytes
from infra.core.validation import closest
from infra.core.wiring import ManagedService
from infra.stacks.cluster_plan import network_args
from infra.stacks.profile import Profile


@dataclass(frozen=True)
class DataServices:
    """What AWS runs for the platform; each is None where there is none."""

    database: DatabaseArgs | None = None
    cache: CacheArgs | None = None
    backup: BackupArgs | None = None

    def offers(self, environment: str) -> Mapping[str, ManagedService]:
        """What workloads can use, by name: ``uses=[offers["database"]]`` opens the way to it."""
        found = {}
        if self.database is not None:
            name, port = database_layout.NAME, database_layout.PORT
            found[name] = ManagedService.of(name, environment, port, self.database.blocks)
        if self.cache is not None:
            name, port = cache_layout.NAME, cache_layout.PORT
            found[name] = ManagedService.of(name, environment, port, self.cache.blocks)
        return found

    def usages(self) -> Iterator[Usage]:
        """What they use in a month."""
        if self.database is not None:
            yield from database_layout.usages(self.database)
        if self.cache is not None:
            yield from cache_layout.usages(self.cache)
        if self.backup is not None:
            yield from backup_layout.usages(self.backup)

    def left_out(self) -> Iterator[str]:
        """What that does not count, for people."""
        if self.database is not None:
            yield "what RDS's disk grows by, its backups beyond the size of its disk, and its monitoring"
        if self.cache is not None:
            yield "snapshots of the cache"
        if self.backup is not None and {"objects", "volumes"} & self.backup.classes.keys():
            yield "AWS Backup's copies of objects and volumes"
        if self.backup is not None and self.backup.copy_to is not None:
            yield "copies of backups in another vault, and the traffic there"


def data_services(config: StackConfig, profile: Profile, prices: PriceCatalog, *, file: str) -> DataServices:
    """The services of an environment. Without a network of its own there is neither database nor cache.

    Args:
        config: configuration of the stack.
        profile: shape of the environment.
        prices: the price table.
        file: name of the configuration's file, for errors.

    Raises:
        ConfigurationError: a machine has no price, so that nobody could say what it costs.
    """
    network = network_args(config, profile)
    services = DataServices(
        database=_database(config, profile, network),
        cache=_cache(config, profile, network),
        backup=_backup(config, profile),
    )
    problems = [*_without_price(services, prices, file)]
    if problems:
        raise ConfigurationError(problems)
    return services


def backup_class(config: StackConfig, kind: BackupClass) -> str | None:
    """What stores of a class are tagged with, so that their backups find them; None if there are none."""
    return kind if config.backup is not None and kind in config.backup.classes else None


def _without_price(services: DataServices, prices: PriceCatalog, file: str) -> Iterator[Problem]:
    if services.database is not None:
        wanted = services.database.instance_class
        yield from _unpriced(prices, "database.instanceClass", wanted, database_layout.machine_price(wanted), file)
    if services.cache is not None:
        wanted = services.cache.node_type
        yield from _unpriced(prices, "cache.nodeType", wanted, cache_layout.machine_price(wanted), file)


def _unpriced(prices: PriceCatalog, field: str, value: str, row: str, file: str) -> Iterator[Problem]:
    if row not in prices.prices:
        family = value.partition(".")[0]
        known = sorted(name for name in prices.prices if name.startswith(f"{family}-"))
        limit = f"has no price: {FOLDER}/prices.yaml has no row {row}"
        yield Problem(file, field, value, limit, f"{closest(row, known)} Add the row, or name a type that has one")


def _name(config: StackConfig) -> str:
    return dns_label(PROJECT, config.environment)


def _database(config: StackConfig, profile: Profile, network: NetworkArgs | None) -> DatabaseArgs | None:
    database = config.database
    if database is None or network is None:
        return None
    return DatabaseArgs(
        name=_name(config),
        account_id=network.account_id,
        region=network.region,
        version=database.version,
        instance_class=database.instance_class,
        storage_gib=database.storage // gibibytes(1),
        storage_limit_gib=database.storage_limit // gibibytes(1),
        multi_az=database.multi_az,
        backup_days=database.backup_days,
        backup_class=backup_class(config, "database"),
        blocks=tuple(zone.private for zone in zones_of(network)),
        keep=profile.keep,
    )


def _cache(config: StackConfig, profile: Profile, network: NetworkArgs | None) -> CacheArgs | None:
    cache = config.cache
    if cache is None or network is None:
        return None
    return CacheArgs(
        name=_name(config),
        account_id=network.account_id,
        region=network.region,
        version=cache.version,
        node_type=cache.node_type,
        replicas=cache.replicas,
        snapshot_days=cache.snapshot_days,
        users=dict(redis.USERS) if config.applications else {},
        blocks=tuple(zone.private for zone in zones_of(network)),
        keep=profile.keep,
    )


def _backup(config: StackConfig, profile: Profile) -> BackupArgs | None:
    backup, aws = config.backup, config.aws
    if backup is None or aws is None:
        return None
    return BackupArgs(
        name=_name(config),
        account_id=aws.account_id,
        region=aws.region,
        classes=dict(backup.classes),
        lock=backup.lock,
        copy_to=backup.copy_to,
        contacts=config.watch.emails if config.watch else (),
        database_gib=config.database.storage // gibibytes(1) if config.database else 0,
        keep=profile.keep,
    )
