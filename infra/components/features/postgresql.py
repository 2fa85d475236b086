"""PostgreSQL, where history is kept: features as tables, and what MLflow knows of runs and models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from infra.components.features.store_access import AUTHORITY, StoreAccess
from infra.core.names import service_host
from infra.core.workload.spec import ConfigFiles, Port, Probe, Probes, Scratch, WorkloadSpec
from infra.core.workload.store import Accounts, StoreArgs, store_spec

NAME = "postgresql"
NAMESPACE = "platform-features"
PORT = 5432
VOLUME = "/var/lib/postgresql/data"
DATA = f"{VOLUME}/pgdata"
SETTINGS = "/etc/postgresql"
ADMIN = "postgres"
MEBIBYTE = 1024**2

DATABASES: Mapping[str, str] = {"features": "feature_job", "mlflow": "mlflow"}
"""Role that owns each database, and makes its tables."""

READERS: tuple[str, ...] = ("model_training",)
"""Roles that own nothing; what they may read is granted by the owner."""

ACCOUNTS = Accounts(server=NAME, names=(ADMIN, *DATABASES.values(), *READERS))
"""Every role with a password, the administrator first."""


def postgresql_access(store: WorkloadSpec) -> StoreAccess:
    """How clients reach the workload."""
    return StoreAccess(target=store.offer("postgresql"), host=service_host(NAME, NAMESPACE), port=PORT)


def tls_settings(tables: StoreAccess, mode: str, authority: str) -> dict[str, str]:
    """How connections to it are protected: where AWS runs it, by TLS with RDS's own authorities.

    Args:
        tables: how clients reach it.
        mode: name of the setting that says how (libpq's sslmode).
        authority: name of the setting with the authorities' file.
    """
    return {mode: "verify-full", authority: tables.file(AUTHORITY)} if tables.files else {}


def postgresql_spec(args: StoreArgs) -> WorkloadSpec:
    """The workload. It makes its cluster at the first start, and at each its roles and databases."""
    return store_spec(
        args,
        name=NAME,
        namespace=NAMESPACE,
        component="features",
        command=("/bin/bash", f"{SETTINGS}/start.sh"),
        volume=VOLUME,
        ports=(Port(name="postgresql", number=PORT, login="postgresql"),),
        probes=Probes(
            liveness=Probe(port="postgresql"),
            readiness=Probe(port="postgresql", period_seconds=5),
            startup=Probe(port="postgresql", period_seconds=5, failure_threshold=60),
        ),
        environment={"PGDATA": DATA},
        pod_ip_variable="POD_IP",
        secret_environment=ACCOUNTS.environment(),
        config_files=ConfigFiles(mount_path=SETTINGS, files={"start.sh": _start()}),
        scratch=(Scratch(mount_path="/tmp", size=64 * MEBIBYTE),),  # noqa: S108 - a directory of the pod's own
        serves=("postgresql",),
        grace_seconds=60,
    )


def _start() -> str:
    return "".join(f"{line}\n" for line in _start_lines())


def _start_lines() -> Iterator[str]:
    options = "-c unix_socket_directories='' -c password_encryption=scram-sha-256"
    yield "#!/bin/bash"
    yield "set -euo pipefail"
    yield "umask 077"
    # Beside its place until it is whole: a start that is killed half-way leaves nothing that looks like a database.
    yield 'if [ -e "$PGDATA" ] && [ ! -s "$PGDATA/PG_VERSION" ]; then'
    yield '  echo "$PGDATA has no PG_VERSION: it is damaged; restore it, or move it away to begin anew" >&2'
    yield "  exit 1"
    yield "fi"
    yield 'if [ ! -e "$PGDATA" ]; then'
    yield '  rm -rf "$PGDATA.new"'
    yield f'  initdb --pgdata="$PGDATA.new" --username={ADMIN} --encoding=UTF8 --locale=C --auth=scram-sha-256 \\'
    yield f'    --pwfile=<(printf "%s\\n" "${ACCOUNTS.variable(ADMIN)}") > /dev/null'
    yield '  mv -T "$PGDATA.new" "$PGDATA"'
    yield "fi"
    yield 'printf "host all all all scram-sha-256\\n" > "$PGDATA/pg_hba.conf"'
    yield f'pg_ctl start --wait --silent -o "-h localhost -p {PORT} {options} -c log_min_error_statement=panic"'
    yield f"export PGPASSWORD=${ACCOUNTS.variable(ADMIN)}"
    # Passwords reach psql by its standard input: a command line is for every process of the node to read. Nor are they
    # to stand in the log, where a statement that fails would be written with them.
    yield f"psql -h localhost -p {PORT} -U {ADMIN} -d {ADMIN} -q -v ON_ERROR_STOP=1 <<END"
    yield from _statements()
    yield "END"
    yield "pg_ctl stop --mode=fast --silent"
    yield "unset PGPASSWORD"
    yield f'exec postgres -h "$POD_IP" -p {PORT} {options}'


def _statements() -> Iterator[str]:
    # Names are constants of this module: nobody's input comes into these.
    for role in ACCOUNTS.names[1:]:
        yield f"SELECT 'CREATE ROLE {role} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}')"  # noqa: S608
        yield "\\\\gexec"
        yield f"ALTER ROLE {role} PASSWORD '${ACCOUNTS.variable(role)}';"
    for database, owner in DATABASES.items():
        exists = f"SELECT FROM pg_database WHERE datname = '{database}'"
        yield f"SELECT 'CREATE DATABASE {database} OWNER {owner}' WHERE NOT EXISTS ({exists})"
        yield "\\\\gexec"
        yield f"REVOKE ALL ON DATABASE {database} FROM PUBLIC;"
