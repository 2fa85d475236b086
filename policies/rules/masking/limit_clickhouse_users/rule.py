from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Violation
from policies.node import Node
from policies.rule import Types, rule

_OPEN = ("::/0", "0.0.0.0/0", "::", "0.0.0.0")  # noqa: S104 - names of networks, nothing is bound
_PROVEN = (
    "password_sha256_hex",
    "password_double_sha1_hex",
    "k8s_secret_password",
    "k8s_secret_password_sha256_hex",
    "k8s_secret_password_double_sha1_hex",
    "k8s_secret_env_password",
    "ldap",
    "kerberos",
    "ssl_certificates",
)


@rule(
    id="DATA-009",
    title="Limit the users of ClickHouse to those with a hidden password and a network of their own",
    severity=Severity.CRITICAL,
    topics=("secrets", "clickhouse"),
    frameworks=("cis-controls-8:5.2",),
    applies_to=Types(
        frozenset(f"kubernetes:clickhouse.altinity.com/{version}:ClickHouseInstallation" for version in ("v1",))
    ),
    mandatory_everywhere=True,
    rationale=(
        "A user of ClickHouse without a password is anybody who reaches the port, and a password in the installation is"
        " one that everybody reads who may list it. The user's networks are what is left when a password leaks."
    ),
    remediation=(
        "Give each user USER/k8s_secret_password (or another reference or hash) and USER/networks/ip with the networks"
        " of its clients, and no USER/password."
    ),
)
def limit_clickhouse_users(resource: Resource) -> Iterator[Violation]:
    """One violation for each user without a password, with one in clear, or with a network as wide as the internet."""
    users: dict[str, dict[str, Node]] = {}
    table = resource.root.at("spec", "configuration", "users")
    for key, node in table.entries():
        user, slash, setting = key.partition("/")
        if slash and user:
            users.setdefault(user, {})[setting] = node
        elif node.known() and isinstance(node.value(), dict):
            users.setdefault(user, {}).update(node.entries())
    for user, settings in users.items():
        yield from _judge(table, user, settings)


def _judge(table: Node, user: str, settings: dict[str, Node]) -> Iterator[Violation]:
    password = settings.get("password")
    # `default` without a password is what the operator itself keeps to the pods of the installation.
    if password is not None and not _is_reference(password):
        empty = not password.text()
        says = "has an empty password" if empty else "has its password in clear"
        yield Violation(password.path, f"the user {user} {says}")
    elif password is None and user != "default" and not any(key in settings for key in _PROVEN):
        yield Violation(table[f"{user}/k8s_secret_password"].path, f"the user {user} has no password")
    networks = [node for key, node in settings.items() if key in ("networks/ip", "networks")]
    for node in networks:
        for item in [*node.items(), *node["ip"].items(), node["ip"], node]:
            if item.text() in _OPEN:
                yield Violation(item.path, f"the user {user} may come from everywhere")
    if not any(key.startswith("networks") for key in settings) and user != "default":
        yield Violation(table[f"{user}/networks/ip"].path, f"the user {user} may come from everywhere")


def _is_reference(password: Node) -> bool:
    return password.at("valueFrom", "secretKeyRef", "name").exists()
