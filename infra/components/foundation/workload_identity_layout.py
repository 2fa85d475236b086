"""Which workloads have a role on AWS, what it may do, and who may take it: names and documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field

from infra.components.foundation.tenancy_layout import tenant_namespace
from infra.core.catalog.catalog import FOLDER
from infra.core.iam import (
    AwsPlace,
    BucketPrefix,
    Grant,
    boundary_document,
    pod_trust_document,
    policy_document,
    references,
)
from infra.core.labels import Environment, object_labels
from infra.core.models import Args
from infra.core.names import PROJECT, dns_label
from infra.core.wiring import Member, identity_agent_egress, labelled_outside_policy
from infra.core.workload.spec import WorkloadSpec

ROLE_NAME_LENGTH = 64
"""Longest name of a role (IAM User Guide, "IAM and AWS STS quotas")."""

LAKEHOUSE_KEY = "lakehouse"
"""Name under which grants refer to the key of the lakehouse's bucket."""

SERVICE_SECRET_LENGTH = len("rds!db-") + 36 + len("-??????")
"""Characters of a secret's name that ends in a UUID, as those of RDS do: the longest of what ARNs that AWS chooses end
in, since a key's id is a UUID too (AWS KMS Developer Guide, "Key ID")."""

DATABASE_KEY, DATABASE_SECRET = "database", "database-administrator"
"""Names under which grants refer to the key of the database, and to the secret of its administrator."""


class BoundaryArgs(Args):
    """The permissions boundary of an environment's workloads."""

    place: AwsPlace
    environment: Environment

    @property
    def name(self) -> str:
        """Name of the policy; it carries the region, since policies belong to all regions of an account."""
        return _name(self.environment, self.place, "boundary")

    def document(self) -> str:
        """The boundary's document."""
        return boundary_document(self.place, self.environment)


class WorkloadIdentityArgs(Args):
    """The role of one workload, which its pods take by EKS Pod Identity."""

    workload: str = Field(min_length=1, description="workload's name")
    environment: Environment
    place: AwsPlace
    cluster: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$", description="name of the EKS cluster")
    namespace: str = Field(min_length=1, description="namespace of its pods")
    accounts: tuple[str, ...] = Field(min_length=1, description="ServiceAccounts under which they run")
    grants: tuple[Grant, ...] = Field(min_length=1, description="what it uses of AWS")
    declared_in: str = Field(description="file that declares it, for errors")

    @property
    def role(self) -> str:
        """Name of the role and of its policy; it carries the region, since roles belong to all of an account."""
        return _name(self.environment, self.place, self.workload)

    def policy(self, keys: Mapping[str, str]) -> str:
        """What the role may do.

        Args:
            keys: ARNs of the keys that the grants refer to, by name.

        Raises:
            ConfigurationError: the policy is longer than IAM takes.
            ValueError: a key is missing.
        """
        return policy_document(self.workload, self.grants, self.place, keys, file=self.declared_in)

    def trust(self) -> str:
        """Who may take the role.

        Raises:
            ConfigurationError: it has more ServiceAccounts than a trust policy holds.
        """
        return pod_trust_document(self.place, self.cluster, self.namespace, self.accounts, file=self.declared_in)


def check_identity(args: WorkloadIdentityArgs) -> WorkloadIdentityArgs:
    """Return the arguments if IAM would take their documents, which can be known before any key exists.

    Raises:
        ConfigurationError: a document is longer than IAM takes.
    """
    longest = args.place.arn("secretsmanager", f"secret:{'0' * SERVICE_SECRET_LENGTH}")
    args.policy({name: longest for grant in args.grants for name in references(grant)})
    args.trust()
    return args


def tenant_prefix(tenant: str) -> str:
    """Beginning of the keys of everything that a tenant keeps in the lakehouse."""
    return f"tenants/{tenant}/"


def tenant_identities(
    accounts: Mapping[str, Sequence[str]], bucket: str, cluster: str, place: AwsPlace, environment: Environment
) -> Iterator[WorkloadIdentityArgs]:
    """One role for each tenant: its own prefix of the lakehouse, and nothing else of AWS.

    Args:
        accounts: ServiceAccounts of each tenant. Tenants cannot make any, so a tenant without one gets no role:
            nobody could take it.
        bucket: name of the lakehouse's bucket.
        cluster: name of the EKS cluster.
        place: account and region.
        environment: environment that the roles belong to.

    Raises:
        ConfigurationError: a document is longer than IAM takes.
    """
    for tenant in sorted(accounts):
        if not accounts[tenant]:
            continue
        own = BucketPrefix(
            bucket=bucket,
            prefix=tenant_prefix(tenant),
            access=("list", "read", "write", "delete"),
            key=LAKEHOUSE_KEY,
        )
        yield check_identity(
            WorkloadIdentityArgs(
                workload=tenant_namespace(tenant),
                environment=environment,
                place=place,
                cluster=cluster,
                namespace=tenant_namespace(tenant),
                accounts=tuple(sorted(accounts[tenant])),
                grants=(own,),
                declared_in=f"{FOLDER}/tenants.yaml",
            )
        )


def workload_identity(
    spec: WorkloadSpec, cluster: str, place: AwsPlace, environment: Environment
) -> WorkloadIdentityArgs:
    """The role of a workload of ours, from what it says that it uses.

    Raises:
        ConfigurationError: a document is longer than IAM takes.
    """
    return check_identity(
        WorkloadIdentityArgs(
            workload=spec.name,
            environment=environment,
            place=place,
            cluster=cluster,
            namespace=spec.namespace,
            accounts=(spec.name,),
            grants=spec.aws,
            declared_in=f"component {spec.component}",
        )
    )


def access_manifests(member: Member) -> Iterator[tuple[str, dict[str, Any]]]:
    """Role and manifest of the policies by which pods of a tenant reach the agent of their node and AWS."""
    party = member.party
    labels = object_labels(party.name, "tenancy", member.ownership)
    agent = identity_agent_egress(party)
    agent["metadata"]["labels"] = dict(labels)
    yield f"{party}-egress-identity-agent", agent
    for edge in member.outside:
        role, manifest = labelled_outside_policy(edge, labels)
        yield f"{party}-{role}", manifest


def _name(environment: Environment, place: AwsPlace, what: str) -> str:
    return dns_label(PROJECT, environment, place.region, what, limit=ROLE_NAME_LENGTH)
