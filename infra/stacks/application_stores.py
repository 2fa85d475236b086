"""Where the price path keeps its data: in servers of its own, or in those that AWS runs for the environment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from infra.components.features import postgresql, redis
from infra.components.features.database_admin import ADMINISTRATOR, database_admin_spec
from infra.components.features.postgresql import postgresql_access, postgresql_spec
from infra.components.features.redis import redis_access, redis_spec
from infra.components.features.store_access import AUTHORITY, ServiceFiles, ServiceFilesArgs, StoreAccess
from infra.components.foundation import cache_layout, database_layout
from infra.components.foundation.network_layout import NetworkArgs, aws_network
from infra.config import StackConfig
from infra.config.applications import StoreConfig
from infra.core.catalog.catalog import FOLDER, Catalog
from infra.core.catalog.images import Image
from infra.core.errors import ConfigurationError, Problem
from infra.core.labels import Ownership
from infra.core.names import short_hash
from infra.core.validation import closest
from infra.core.wiring import ManagedService
from infra.core.workload.spec import SharedFiles, WorkloadSpec
from infra.core.workload.store import StoreArgs
from infra.stacks.data_services_plan import DataServices

StoreOf = Callable[[Image, StoreConfig], StoreArgs]
DATABASE_FILES, CACHE_FILES = "/etc/database", "/etc/cache"


@dataclass(frozen=True)
class FeatureStores:
    """The online store and the tables of features.

    Attributes:
        values: how the online store is reached.
        tables: how the tables are reached.
        servers: workloads that are these stores.
        jobs: workloads that make accounts in them, before anybody logs in.
        known: what is known of a service of AWS before it is made, by the ConfigMap that says it.
    """

    values: StoreAccess
    tables: StoreAccess
    servers: tuple[WorkloadSpec, ...] = ()
    jobs: tuple[WorkloadSpec, ...] = ()
    known: tuple[tuple[str, str, Mapping[str, str]], ...] = ()

    def files(self, ownership: Ownership, workloads: Iterable[WorkloadSpec]) -> ServiceFilesArgs:
        """The ConfigMaps, each in the namespaces of those who mount it.

        Args:
            ownership: who owns them.
            workloads: the clients.
        """
        homes: dict[str, dict[str, None]] = {}
        for spec in workloads:
            for mounted in spec.shared_files:
                homes.setdefault(mounted.config_map, {})[spec.namespace] = None
        entries = (
            ServiceFiles(service=service, config_map=name, namespaces=tuple(homes[name]), files=dict(files))
            for service, name, files in self.known
        )
        return ServiceFilesArgs(ownership=ownership, entries=tuple(entries))


def feature_stores(
    config: StackConfig,
    catalog: Catalog,
    ownership: Ownership,
    services: DataServices,
    network: NetworkArgs | None,
    *,
    store: StoreOf,
    admin: Image,
    file: str,
) -> FeatureStores:
    """The stores of an environment with applications.

    Args:
        config: configuration of the stack.
        catalog: the catalog: images, and the authorities of RDS.
        ownership: who owns them.
        services: what AWS runs.
        network: the network that AWS runs it in.
        store: a server of its own from its image and its size.
        admin: image of database-admin.
        file: name of the configuration's file, for errors.

    Raises:
        ConfigurationError: nobody knows who signs RDS's certificates in the region.
    """
    wanted = config.applications
    offers = services.offers(config.environment)
    servers: list[WorkloadSpec] = []
    jobs: list[WorkloadSpec] = []
    known: list[tuple[str, str, Mapping[str, str]]] = []
    if wanted is not None and wanted.redis is not None:
        server = redis_spec(store(catalog.images[redis.NAME], wanted.redis))
        servers.append(server)
        values = redis_access(server)
    else:
        values = _managed(offers[cache_layout.NAME], cache_layout.NAME, CACHE_FILES)
        known.append((cache_layout.NAME, cache_layout.NAME, {}))
    if wanted is not None and wanted.postgresql is not None:
        server = postgresql_spec(store(catalog.images[postgresql.NAME], wanted.postgresql))
        servers.append(server)
        tables = postgresql_access(server)
    else:
        authorities = _authorities(config, catalog, file)
        # Pods read authorities when they start: others have another name, so that they start anew.
        name = f"{database_layout.NAME}-{short_hash(authorities)}"
        tables = _managed(offers[database_layout.NAME], name, DATABASE_FILES)
        known.append((database_layout.NAME, name, {AUTHORITY: authorities}))
        known.append((ADMINISTRATOR.config_map, ADMINISTRATOR.config_map, {}))
        if network is not None:
            jobs.append(database_admin_spec(admin, ownership, tables, aws_network(network)))
    return FeatureStores(values, tables, tuple(servers), tuple(jobs), tuple(known))


def _managed(service: ManagedService, config_map: str, folder: str) -> StoreAccess:
    files = SharedFiles(config_map=config_map, mount_path=folder)
    return StoreAccess(target=service, port=service.port, files=(files,))


def _authorities(config: StackConfig, catalog: Catalog, file: str) -> str:
    region = config.aws.region if config.aws else ""
    found = catalog.authorities.get(region)
    if found is None:
        limit = f"has no authorities of RDS: {FOLDER}/rds has no {region}.pem, so that nobody could know the database"
        fix = f"Add AWS's file. {closest(region, sorted(catalog.authorities))}"
        raise ConfigurationError([Problem(file, "aws.region", region, limit, fix)])
    return found
