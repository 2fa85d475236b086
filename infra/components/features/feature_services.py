"""Who fills the stores of features, and who reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from infra.components.features import postgresql, redis
from infra.core.names import service_host
from infra.core.token_check import TokenCheck
from infra.core.wiring import DatabaseLogin, Offer, TableGrant, database_grants
from infra.core.wiring.edges import Edge, Party
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


def redis_settings(user: str) -> dict[str, str]:
    """Where the online store is, without a service's prefix."""
    host = service_host(redis.NAME, redis.NAMESPACE)
    return {"REDIS_HOST": host, "REDIS_PORT": str(redis.PORT), "REDIS_USERNAME": user}


def postgres_settings(role: str) -> dict[str, str]:
    """Where the tables of features are, without a service's prefix."""
    host = service_host(postgresql.NAME, postgresql.NAMESPACE)
    return {
        "POSTGRES_HOST": host,
        "POSTGRES_PORT": str(postgresql.PORT),
        "POSTGRES_DATABASE": DATABASE,
        "POSTGRES_USER": role,
    }


def feature_server_spec(args: ServiceArgs, tokens: TokenCheck, store: Offer) -> WorkloadSpec:
    """The server of features by symbol."""
    return service_spec(
        args,
        name=SERVER,
        namespace=NAMESPACE,
        component="features",
        route=ROUTE,
        environment={**redis_settings(SERVER), **tokens.settings()},
        secrets={"REDIS_PASSWORD": redis.ACCOUNTS.password(SERVER)},
        secret_files=tokens.secret_files(),
        config_files=tokens.config_files(),
        uses=(store,),
    )


def feature_job_spec(
    args: ServiceArgs,
    store: Offer,
    tables: Offer,
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
    edges = [
        Edge(client=Party.of_workload(JOB, NAMESPACE), offer=tables, login=WRITER),
        *(Edge(client=reader, offer=tables, login=login) for reader, login in readers),
    ]
    statements = "".join(f"{line}\n" for lines in database_grants(edges).values() for line in lines)
    settings = {
        **redis_settings(JOB),
        **postgres_settings(WRITER.role),
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
        uses=(store, tables.use(WRITER)),
        time_limit_seconds=900,
    )
