from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model import Resource, Severity, Violation
from policies.node import Node
from policies.rule import Types, rule

_GROUP: Final = "aws:elasticache/replicationGroup:ReplicationGroup"
_SERVERLESS: Final = "aws:elasticache/serverlessCache:ServerlessCache"
_USER: Final = "aws:elasticache/user:User"
_MEMORY: Final = "aws:memorydb/cluster:Cluster"
_OPEN: Final = "open-access"
"""The access list of MemoryDB that lets in whoever reaches the port."""


@rule(
    id="AWS-048",
    title="Require caches to ask who connects",
    severity=Severity.HIGH,
    topics=("authentication", "databases"),
    frameworks=("aws-foundational-security:ElastiCache.6",),
    applies_to=Types(frozenset({_GROUP, _SERVERLESS, _USER, _MEMORY})),
    rationale=(
        "A cache that asks nobody answers whatever runs in the network: sessions can be read and features changed by a"
        " program that was taken over somewhere else."
    ),
    remediation=(
        "Give the cache userGroupIds (serverless: userGroupId, MemoryDB: aclName) or an authToken, and each user a"
        " password or IAM."
    ),
)
def require_cache_authentication(resource: Resource) -> Iterator[Violation]:
    """One violation for each cache that lets everybody in, and for each user that needs no password.

    A user that is off cannot log in at all. Memcached knows no users, and a member of a global group has those of the
    group's first one.
    """
    root = resource.root
    if resource.type == _GROUP:
        if not any(
            _given(root[key]) for key in ("authToken", "authTokenWo", "userGroupIds", "globalReplicationGroupId")
        ):
            yield Violation("userGroupIds", "whoever reaches the cache may use it")
    elif resource.type == _SERVERLESS:
        if root["engine"].text() != "memcached" and not _given(root["userGroupId"]):
            yield Violation("userGroupId", "whoever reaches the cache may use it")
    elif resource.type == _MEMORY:
        if root["aclName"].text() == _OPEN:
            yield Violation("aclName", "whoever reaches the cluster may use it")
    else:
        yield from _user(root)


def _user(root: Node) -> Iterator[Violation]:
    if "off" in (root["accessString"].text() or "").split():
        return
    mode = root.at("authenticationMode", "type")
    for node, open_to_all in (
        (root["noPasswordRequired"], root["noPasswordRequired"].boolean() is True),
        (mode, mode.text() == "no-password-required"),
    ):
        if open_to_all:
            yield Violation(node.path, "the user needs no password")


def _given(node: Node) -> bool:
    return not node.known() or bool(node.text()) or bool(node.items())
