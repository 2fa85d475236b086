"""MLflow: what is known of training runs, and the registry of models."""

from __future__ import annotations

from pydantic import Field

from infra.components.features import postgresql
from infra.core.catalog.images import Image
from infra.core.labels import Ownership
from infra.core.models import Args
from infra.core.names import service_host
from infra.core.wiring import DatabaseLogin, Offer, TableGrant
from infra.core.workload.spec import (
    Port,
    Probe,
    Probes,
    Replicas,
    Resources,
    Scratch,
    SecretFiles,
    Storage,
    WorkloadSpec,
)

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


class MlflowArgs(Args):
    """The server; sizes in millicores and bytes."""

    image: Image
    ownership: Ownership
    cpu: int = Field(ge=1)
    memory: int = Field(ge=1)
    storage: int = Field(ge=1)
    storage_class: str | None = None


def url() -> str:
    """Where its clients find it."""
    return f"http://{service_host(NAME, NAMESPACE)}:{PORT}"


def mlflow_spec(args: MlflowArgs, tables: Offer) -> WorkloadSpec:
    """The workload: records in PostgreSQL, artifacts on a volume, handed out by the server itself.

    Clients name the server as its Service, so that is the one Host header that it takes (``--allowed-hosts``).
    """
    password = postgresql.password_of(LOGIN.role)
    database = f"postgresql://{LOGIN.role}@{service_host(postgresql.NAME, postgresql.NAMESPACE)}:{postgresql.PORT}"
    return WorkloadSpec(
        name=NAME,
        namespace=NAMESPACE,
        component="serving",
        kind="statefulset",
        ownership=args.ownership,
        image=args.image,
        arguments=(
            "--host=0.0.0.0",
            f"--port={PORT}",
            "--workers=1",
            f"--backend-store-uri={database}/{DATABASE}",
            f"--artifacts-destination={DATA}/artifacts",
            f"--allowed-hosts={service_host(NAME, NAMESPACE)}:{PORT}",
        ),
        replicas=Replicas(),
        resources=Resources(cpu_request=args.cpu, cpu_limit=args.cpu * 4, memory=args.memory),
        ports=(Port(name="http", number=PORT),),
        probes=Probes(
            liveness=Probe(port="http", path="/health", period_seconds=20),
            readiness=Probe(port="http", path="/health", period_seconds=5),
            startup=Probe(port="http", path="/health", period_seconds=5, failure_threshold=60),
        ),
        environment={
            "HOME": "/tmp",  # noqa: S108 - a directory of the pod's own
            "MLFLOW_DISABLE_TELEMETRY": "true",
            # The image's start hands it to libpq: a password in the address would be in the list of processes.
            "PGPASSWORD_FILE": f"{PASSWORDS}/{password.key}",
        },
        secret_files=(SecretFiles(secret=password.secret, mount_path=PASSWORDS),),
        scratch=(Scratch(mount_path="/tmp", size=256 * 1024**2),),  # noqa: S108 - likewise
        storage=Storage(mount_path=DATA, size=args.storage, storage_class=args.storage_class),
        uses=(tables.use(LOGIN),),
        serves=("http",),
    )
