"""The Kafka that is administered: what it holds, and how that is changed. One connection, no process a command."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    AlterConfigOp,
    ConfigResource,
    ConfigResourceType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)
from kafka.errors import KafkaError, for_code
from kafka.protocol.admin import AlterClientQuotasRequest, DescribeClientQuotasRequest
from servicekit.kafka import KafkaSettings

from kafka_admin.declaration import Permission
from kafka_admin.difference import Actual, ActualTopic, Difference

_PAUSE_SECONDS = 0.5
_MATCH_ANY_USER = 2  # MatchType of DescribeClientQuotasRequest: every name that is set
_MECHANISM = ScramMechanism.SCRAM_SHA_512
_SOURCE = "DYNAMIC_TOPIC_CONFIG"  # what was set for the topic itself


class UnreachableError(Exception):
    """No broker answered, or none let us in; the message says which and for how long it was asked."""

    exit_code = 1


class ChangeError(Exception):
    """The broker refused a change; the message says which and why."""

    exit_code = 1


class _Client(KafkaAdminClient):  # type: ignore[misc] # it is not typed
    """The client, with what it has messages but no methods for."""

    def describe_user_quotas(self) -> dict[str, dict[str, float]]:
        request = DescribeClientQuotasRequest(components=[("user", _MATCH_ANY_USER, None)], strict=True)
        response = self._manager.run(self._manager.send, request)
        _check(response.error_code, "quotas", response.error_message)
        return {
            entry.entity[0].entity_name: {value.key: value.value for value in entry.values}
            for entry in response.entries or ()
            if entry.entity[0].entity_name is not None
        }

    def alter_user_quotas(self, quotas: Mapping[str, Mapping[str, float | None]]) -> None:
        entry = AlterClientQuotasRequest.EntryData
        entries = [
            entry(
                entity=[entry.EntityData(entity_type="user", entity_name=user)],
                ops=[entry.OpData(key=key, value=value or 0.0, remove=value is None) for key, value in limits.items()],
            )
            for user, limits in quotas.items()
        ]
        request = AlterClientQuotasRequest(entries=entries, validate_only=False)
        response = self._manager.run(self._manager.send, request)
        for answer in response.entries:
            _check(answer.error_code, f"quotas of user {answer.entity[0].entity_name}", answer.error_message)


class Administrator:
    """A connection that may do everything.

    Args:
        client: the connected client.
        name: the user as whom it is connected, who is left alone; None for nobody.
    """

    def __init__(self, client: Any, name: str | None) -> None:
        self._client = client
        self._name = name

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def actual(self) -> Actual:
        """What there is.

        Raises:
            ChangeError: the broker does not say.
        """
        described = [topic for topic in self._client.describe_topics() if not topic["is_internal"]]
        settings = self._settings([topic["name"] for topic in described])
        users = self._client.describe_user_scram_credentials()
        everything = ACLFilter(
            principal=None,
            host=None,
            operation=ACLOperation.ANY,
            permission_type=ACLPermissionType.ANY,
            resource_pattern=ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY),
        )
        granted, _ = self._client.describe_acls(everything)
        return Actual(
            topics={
                topic["name"]: ActualTopic(len(topic["partitions"]), settings.get(topic["name"], {}))
                for topic in described
            },
            users=frozenset(users) - {self._name},
            quotas=self._client.describe_user_quotas(),
            permissions=frozenset(filter(None, map(_permission, granted))),
        )

    def _settings(self, topics: list[str]) -> dict[str, dict[str, str]]:
        if not topics:
            return {}
        resources = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
        described = self._client.describe_configs(resources).get("topic", {})
        return {
            topic: {key: entry["value"] for key, entry in settings.items() if entry["config_source"] == _SOURCE}
            for topic, settings in described.items()
        }

    def apply(self, changes: Difference, passwords: Mapping[str, str]) -> None:
        """Make the changes, and every password what it is to be: those that are there cannot be compared.

        Raises:
            ChangeError: the broker refused one; what came before it is done, and doing it again does no harm.
        """
        self._topics(changes)
        if changes.quotas:
            self._client.alter_user_quotas(changes.quotas)
        self._permissions(changes)
        credentials: list[Any] = [
            UserScramCredentialUpsertion(user, _MECHANISM, password) for user, password in passwords.items()
        ]
        credentials += [UserScramCredentialDeletion(user, _MECHANISM) for user in changes.forget]
        if credentials:
            for user, problem in self._client.alter_user_scram_credentials(credentials).items():
                if problem:
                    raise ChangeError(f"password of user {user}: {problem}")

    def _topics(self, changes: Difference) -> None:
        if changes.create:
            new = {
                name: {
                    "num_partitions": topic.partitions,
                    "replication_factor": topic.replication,
                    "configs": dict(topic.settings),
                }
                for name, topic in changes.create.items()
            }
            for answer in self._client.create_topics(new, raise_errors=False)["topics"]:
                _check(answer["error_code"], f"topic {answer['name']}", answer.get("error_message"))
        if changes.partitions:
            answers = self._client.create_partitions(dict(changes.partitions), raise_errors=False)
            for answer in answers.results:
                _check(answer.error_code, f"partitions of topic {answer.name}", answer.error_message)
        if changes.settings:
            operation = AlterConfigOp
            resources = [
                ConfigResource(
                    ConfigResourceType.TOPIC,
                    name,
                    {
                        key: (operation.DELETE if value is None else operation.SET, value)
                        for key, value in settings.items()
                    },
                )
                for name, settings in changes.settings.items()
            ]
            for name, result in self._client.alter_configs(resources, raise_on_unknown=False)["topic"].items():
                if result != "OK":
                    raise ChangeError(f"settings of topic {name}: {result}")

    def _permissions(self, changes: Difference) -> None:
        if changes.revoke:
            for wanted, _, error in self._client.delete_acls([_acl(permission) for permission in changes.revoke]):
                _check(error.errno, f"permission {wanted}", None)
        if changes.grant:
            failed = self._client.create_acls([_acl(permission) for permission in changes.grant])["failed"]
            if failed:
                raise ChangeError(f"permissions: {failed[0].__name__}")


def connect(settings: KafkaSettings, wait_seconds: float, progress: Callable[[str], None]) -> Administrator:
    """Connect as soon as the broker answers.

    Args:
        settings: where it is, and as whom.
        wait_seconds: how long to try.
        progress: told once that it does not answer yet, and why.

    Raises:
        UnreachableError: it did not answer in time.
    """
    deadline = time.monotonic() + wait_seconds
    told = ""
    while True:
        try:
            return Administrator(_Client(**_client_settings(settings)), settings.sasl_username)
        except (KafkaError, OSError) as error:
            reason = str(error) or type(error).__name__
        if time.monotonic() >= deadline:
            raise UnreachableError(
                f"{settings.bootstrap_servers} did not let us in for {wait_seconds:g} s: {reason}; "
                "see that the broker runs, that network policies allow the connection and that the password is its own"
            )
        if reason != told:
            told = reason
            progress(f"waiting for {settings.bootstrap_servers}: {reason}")
        time.sleep(_PAUSE_SECONDS)


def _client_settings(settings: KafkaSettings) -> dict[str, Any]:
    found: dict[str, Any] = {
        "bootstrap_servers": [str(server) for server in settings.servers],
        "client_id": "kafka-admin",
        "security_protocol": settings.security_protocol,
        "bootstrap_timeout_ms": 3000,
        "request_timeout_ms": 30_000,
    }
    if settings.sasl_password is not None and settings.sasl_username is not None:
        found |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": settings.sasl_password.get_secret_value(),
        }
    if settings.ca_file:
        found["ssl_cafile"] = str(settings.ca_file)
    return found


def _permission(acl: Any) -> Permission | None:
    """What an ACL says; None for one that is about no user."""
    scheme, _, user = acl.principal.partition(":")
    if scheme != "User":
        return None
    pattern = acl.resource_pattern
    return Permission(
        user=user,
        resource=pattern.resource_type.name.lower(),
        name=pattern.resource_name,
        prefix=pattern.pattern_type is ACLResourcePatternType.PREFIXED,
        operation=acl.operation.name.capitalize(),
        host=acl.host,
        allow=acl.permission_type is ACLPermissionType.ALLOW,
    )


def _acl(permission: Permission) -> ACL:
    kind = ACLResourcePatternType.PREFIXED if permission.prefix else ACLResourcePatternType.LITERAL
    return ACL(
        principal=f"User:{permission.user}",
        host=permission.host,
        operation=ACLOperation[permission.operation.upper()],
        permission_type=ACLPermissionType.ALLOW if permission.allow else ACLPermissionType.DENY,
        resource_pattern=ResourcePattern(ResourceType[permission.resource.upper()], permission.name, kind),
    )


def _check(code: int, what: str, message: str | None) -> None:
    if code:
        raise ChangeError(f"{what}: {message or for_code(code).__name__}")
