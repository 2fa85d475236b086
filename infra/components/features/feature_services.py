"""Who fills the stores of features, and who reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from infra.components.features import postgresql, redis
from infra.components.features.store_access import StoreAccess
from infra.core.token_check import TokenCheck
from infra.core.wiring import DatabaseLogin, Edge, Offer, OutsideEdge, Party, TableGrant, database_grants
from infra.core.workload.route import Route
from infra.core.workload.service import ServiceArgs, job_spec, service_spec
from infra.core.workload.spec import ConfigFiles, Scratch, WorkloadSpec

NAMESPACE = "platform-features"
SERVER = "feature-server"
JOB = "feature-job"
DATABASE = "features"
GRANTS = "/etc/feature-job"
GRANTS_FILE = "grants.sql"
ROUTE = Route(path="/ml/features", upstream_path="/v1/features", requests_per_minute=600, methods=("GET", "POST"))
WRITER = DatabaseLogin(
    role=postgresql.DATABASES[DATABASE],
    database=DATABASE,
    grants=(TableGrant(schema_name="public", privileges=("SELECT", "INSERT", "UPDATE", "DELETE")),),
)


def redis_settings(store: StoreAccess, user: str) -> dict[str, str]:
    """How a service reaches the online store as a user, without its prefix; on AWS by the system's authorities."""
    tls = {"REDIS_TLS": "true"} if store.files else {}
    return {**store.place("REDIS_"), "REDIS_USERNAME": user, **tls}


def postgres_settings(tables: StoreAccess, role: str) -> dict[str, str]:
    """How a service reaches the tables of features as a role, without its prefix."""
    return {
        **tables.place("POSTGRES_"),
        **postgresql.tls_settings(tables, "POSTGRES_SSLMODE", "POSTGRES_CA_FILE"),
        "POSTGRES_DATABASE": DATABASE,
        "POSTGRES_USER": role,
    }


def feature_server_spec(args: ServiceArgs, tokens: TokenCheck, store: StoreAccess) -> WorkloadSpec:
    """The server of features by symbol."""
    return service_spec(
        args,
        name=SERVER,
        namespace=NAMESPACE,
        component="features",
        route=ROUTE,
        environment={**redis_settings(store, SERVER), **tokens.settings()},
        secrets={"REDIS_PASSWORD": redis.ACCOUNTS.password(SERVER)},
        secret_files=tokens.secret_files(),
        config_files=tokens.config_files(),
        shared_files=store.files,
        uses=(store.use(),),
    )


def feature_job_spec(
    args: ServiceArgs,
    store: StoreAccess,
    tables: StoreAccess,
    readers: Iterable[tuple[Party, DatabaseLogin]],
    tenants: Sequence[str],
) -> WorkloadSpec:
    """The job that loads history, computes features from it and hands the newest to the online store.

    Args:
        args: image and sizes.
        store: Redis.
        tables: PostgreSQL.
        readers: who else reads the tables, and as whom: the job owns them, so it grants.
        tenants: whose online stores it fills.
    """
    edges = [_edge(client, tables, login) for client, login in ((Party.of_workload(JOB, NAMESPACE), WRITER), *readers)]
    statements = "".join(f"{line}\n" for lines in database_grants(edges).values() for line in lines)
    settings = {
        **redis_settings(store, JOB),
        **postgres_settings(tables, WRITER.role),
        "GRANTS_FILE": f"{GRANTS}/{GRANTS_FILE}",
        "TENANTS": ",".join(tenants),
    }
    return job_spec(
        args,
        name=JOB,
        namespace=NAMESPACE,
        component="features",
        environment=settings,
        secrets={
            "REDIS_PASSWORD": redis.ACCOUNTS.password(JOB),
            "POSTGRES_PASSWORD": postgresql.ACCOUNTS.password(WRITER.role),
        },
        config_files=ConfigFiles(mount_path=GRANTS, files={GRANTS_FILE: statements}),
        scratch=(Scratch(mount_path="/tmp", size=64 * 1024**2),),  # noqa: S108 - a directory of the pod's own
        shared_files=(*store.files, *tables.files),
        uses=(store.use(), tables.use(WRITER)),
        time_limit_seconds=900,
    )


def _edge(client: Party, tables: StoreAccess, login: DatabaseLogin) -> Edge | OutsideEdge:
    if isinstance(tables.target, Offer):
        return Edge(client=client, offer=tables.target, login=login)
    return OutsideEdge(client=client, target=tables.target, login=login)
