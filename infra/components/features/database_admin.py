"""What makes roles and databases where AWS runs PostgreSQL: database-admin as a job."""

from __future__ import annotations

import json

from infra.components.features import postgresql
from infra.components.features.store_access import StoreAccess
from infra.components.foundation.workload_identity_layout import DATABASE_KEY, DATABASE_SECRET
from infra.core.catalog.images import Image
from infra.core.iam import AwsNetwork, ServiceSecretRead
from infra.core.labels import Ownership
from infra.core.workload.service import SECRETS, prefix
from infra.core.workload.spec import ConfigFiles, Resources, Scratch, SecretFiles, SharedFiles, WorkloadSpec

NAME = "database-admin"
NAMESPACE = postgresql.NAMESPACE
SETTINGS = "/etc/database-admin"
DECLARATION = "declaration.json"
SECRET_ARN = "secret-arn"  # noqa: S105 - the name of a file
ADMINISTRATOR = SharedFiles(config_map="database-administrator", mount_path="/etc/database-administrator")
"""Where the ARN of the administrator's secret is, which RDS chooses."""

ROLES = postgresql.ACCOUNTS.names[1:]
"""Roles with a password of ours; the administrator's is RDS's."""

MEBIBYTE = 1024**2
MEMORY = 192 * MEBIBYTE
"""Bytes: that of kafka-admin, whose work is alike."""

TIME_LIMIT = 900
"""Seconds; it waits up to a third of them for the server."""


def database_admin_spec(image: Image, ownership: Ownership, tables: StoreAccess, network: AwsNetwork) -> WorkloadSpec:
    """The job. Its settings are described in apps/services/database_admin/README.md.

    It logs in as the administrator, whose account nobody else of the platform has, so it names no login in the wiring.

    Args:
        image: its image.
        ownership: who owns it.
        tables: how PostgreSQL is reached.
        network: from where it asks Secrets Manager.
    """
    settings = {
        **tables.place("POSTGRES_"),
        **postgresql.tls_settings(tables, "POSTGRES_SSLMODE", "POSTGRES_CA_FILE"),
        "SECRET_ARN_FILE": f"{ADMINISTRATOR.mount_path}/{SECRET_ARN}",
        "REGION": network.place.region,
        "DECLARATION_FILE": f"{SETTINGS}/{DECLARATION}",
    }
    return WorkloadSpec(
        name=NAME,
        namespace=NAMESPACE,
        component="features",
        kind="job",
        ownership=ownership,
        image=image,
        resources=Resources(cpu_request=50, cpu_limit=500, memory=MEMORY),
        environment={f"{prefix(NAME)}{key}": value for key, value in settings.items()},
        config_files=ConfigFiles(mount_path=SETTINGS, files={DECLARATION: declaration()}),
        shared_files=(*tables.files, ADMINISTRATOR),
        secret_files=tuple(
            SecretFiles(secret=postgresql.ACCOUNTS.secret(role), mount_path=_folder(role)) for role in ROLES
        ),
        scratch=(Scratch(mount_path="/tmp", size=16 * MEBIBYTE),),  # noqa: S108 - a directory of the pod's own
        uses=(tables.use(),),
        aws=(ServiceSecretRead(secret=DATABASE_SECRET, key=DATABASE_KEY),),
        aws_network=network,
        time_limit_seconds=TIME_LIMIT,
    )


def declaration() -> str:
    """What the job reads. Passwords are in files, and it only names them."""
    files = {role: f"{_folder(role)}/{postgresql.ACCOUNTS.password(role).key}" for role in ROLES}
    document = {
        "roles": {role: {"password_file": file} for role, file in files.items()},
        "databases": {database: {"owner": owner} for database, owner in postgresql.DATABASES.items()},
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def _folder(role: str) -> str:
    return f"{SECRETS}/{postgresql.ACCOUNTS.secret(role)}"
