"""MLflow: what is known of training runs, and the registry of models."""

from __future__ import annotations

from infra.components.features import postgresql
from infra.components.features.store_access import StoreAccess
from infra.core.names import service_host
from infra.core.wiring import DatabaseLogin, TableGrant
from infra.core.workload.spec import Port, Probe, Probes, Scratch, SecretFiles, WorkloadSpec
from infra.core.workload.store import StoreArgs, store_spec

NAME = "mlflow-server"
NAMESPACE = "platform-serving"
PORT = 5000
DATABASE = "mlflow"
DATA = "/var/lib/mlflow"
PASSWORDS = "/etc/secrets/postgresql"
LOGIN = DatabaseLogin(
    role=postgresql.DATABASES[DATABASE],
    database=DATABASE,
    grants=(TableGrant(schema_name="public", privileges=("SELECT", "INSERT", "UPDATE", "DELETE")),),
)


def url() -> str:
    """Where its clients find it."""
    return f"http://{service_host(NAME, NAMESPACE)}:{PORT}"


def mlflow_spec(args: StoreArgs, tables: StoreAccess) -> WorkloadSpec:
    """The workload: records in PostgreSQL, artifacts on a volume, handed out by the server itself.

    Clients name the server as its Service, so that is the one Host header that it takes (``--allowed-hosts``).
    """
    password = postgresql.ACCOUNTS.password(LOGIN.role)
    # What the address leaves out, libpq takes from the environment.
    server = f"{tables.host}:{tables.port}" if tables.host else ""
    tls = postgresql.tls_settings(tables, "PGSSLMODE", "PGSSLROOTCERT")
    libpq = {} if tables.host else {**tables.place("PG"), **tls}
    return store_spec(
        args,
        name=NAME,
        namespace=NAMESPACE,
        component="serving",
        arguments=(
            "--host=0.0.0.0",
            f"--port={PORT}",
            "--workers=1",
            f"--backend-store-uri=postgresql://{LOGIN.role}@{server}/{DATABASE}",
            f"--artifacts-destination={DATA}/artifacts",
            f"--allowed-hosts={service_host(NAME, NAMESPACE)}:{PORT}",
        ),
        volume=DATA,
        ports=(Port(name="http", number=PORT),),
        probes=Probes(
            liveness=Probe(port="http", path="/health", period_seconds=20),
            # Apart from liveness: a server that is slow is taken out of service before it would be restarted.
            readiness=Probe(port="http", path="/version", period_seconds=5),
            startup=Probe(port="http", path="/health", period_seconds=5, failure_threshold=60),
        ),
        environment={
            "HOME": "/tmp",  # noqa: S108 - a directory of the pod's own
            "MLFLOW_DISABLE_TELEMETRY": "true",
            # The image's start hands it to libpq: a password in the address would be in the list of processes.
            "PGPASSWORD_FILE": f"{PASSWORDS}/{password.key}",
            **libpq,
        },
        shared_files=tables.files,
        secret_files=(SecretFiles(secret=password.secret, mount_path=PASSWORDS),),
        scratch=(Scratch(mount_path="/tmp", size=256 * 1024**2),),  # noqa: S108 - likewise
        uses=(tables.use(LOGIN),),
        serves=("http",),
    )
