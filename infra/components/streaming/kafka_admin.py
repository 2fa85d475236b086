"""What makes topics, users and permissions where no operator does: kafka-admin as a job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from infra.components.streaming.access import NAMESPACE, KafkaAccess, kafka_settings, password_of
from infra.components.streaming.single_broker import ADMIN, MEBIBYTE, SingleBrokerArgs
from infra.core.catalog.topics import Topic
from infra.core.catalog.users import KafkaUser, acls
from infra.core.names import short_hash
from infra.core.workload.service import SECRETS, prefix
from infra.core.workload.spec import ConfigFiles, Resources, SecretFiles, WorkloadSpec

SERVICE = "kafka-admin"
SETTINGS = "/etc/kafka-admin"
FILE = "declaration.json"
MEMORY = 192 * MEBIBYTE
"""Bytes: a planning figure, of which `sandbox status` shows what it takes."""
TIME_LIMIT = 600
"""Seconds; it waits up to half of them for the broker, and then takes two or three."""


def admin_spec(
    args: SingleBrokerArgs, kafka: KafkaAccess, topics: Mapping[str, Topic], users: Mapping[str, KafkaUser]
) -> WorkloadSpec:
    """The job that makes topics, users and permissions what the catalog says.

    A job cannot be changed once it exists, so its name carries a hash of what it does: another catalog is another job.
    Its settings are described in apps/services/kafka_admin/README.md.
    """
    declared = declaration(topics, users)
    mine = prefix(SERVICE)
    settings = {
        **kafka_settings(kafka, ADMIN),
        "KAFKA_SASL_PASSWORD_FILE": password_file(ADMIN),
        "DECLARATION": f"{SETTINGS}/{FILE}",
    }
    return WorkloadSpec(
        name=f"kafka-topics-{short_hash(f'{args.admin_image.reference} {declared}')}",
        namespace=NAMESPACE,
        component="streaming",
        kind="job",
        ownership=args.ownership,
        image=args.admin_image,
        resources=Resources(cpu_request=100, cpu_limit=1000, memory=MEMORY),
        environment={f"{mine}{key}": value for key, value in settings.items()},
        secret_files=tuple(
            SecretFiles(secret=password_of(user).secret, mount_path=_folder(user)) for user in sorted([*users, ADMIN])
        ),
        config_files=ConfigFiles(mount_path=SETTINGS, files={FILE: declared}),
        uses=(kafka.use(ADMIN),),
        time_limit_seconds=TIME_LIMIT,
    )


def password_file(user: str) -> str:
    """File that holds a user's password."""
    return f"{_folder(user)}/{password_of(user).key}"


def _folder(user: str) -> str:
    return f"{SECRETS}/{password_of(user).secret}"


def declaration(topics: Mapping[str, Topic], users: Mapping[str, KafkaUser]) -> str:
    """What kafka-admin reads. Passwords are in files, and it only names them."""
    document = {
        "topics": {name: _topic(topic) for name, topic in topics.items()},
        "users": {name: _user(name, user) for name, user in users.items()},
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def _topic(topic: Topic) -> dict[str, Any]:
    settings = {key: str(value) for key, value in topic.settings().items()}
    return {"partitions": topic.partitions, "replication": 1, "settings": settings}


def _user(name: str, user: KafkaUser) -> dict[str, Any]:
    return {
        "password_file": password_file(name),
        "quotas": {
            "producer_byte_rate": user.produce_rate,
            "consumer_byte_rate": user.consume_rate,
            "request_percentage": user.request_percentage,
        },
        "acls": [acl.model_dump(mode="json") for acl in acls(name, user)],
    }
