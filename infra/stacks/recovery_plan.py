"""From configuration and catalog to the backups of an environment, and their declaration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import pulumi

from infra.components.foundation import velero_layout
from infra.components.foundation.cluster_layout import ClusterArgs
from infra.components.foundation.network_layout import NetworkArgs, aws_network
from infra.components.foundation.object_store_layout import ObjectStoreArgs
from infra.components.foundation.tenancy_layout import NamespaceSpec
from infra.components.foundation.velero import Recovery, RecoveryArgs
from infra.components.foundation.velero_layout import BackupSchedule, RecoveryLocation
from infra.components.foundation.workload_identity_layout import WorkloadIdentityArgs, check_identity
from infra.components.streaming.access import NAMESPACE as KAFKA
from infra.config import StackConfig
from infra.core.catalog.catalog import PLATFORM_TENANT, Catalog
from infra.core.catalog.prices import KMS_KEY
from infra.core.cost.usage import PLATFORM, Running, Usage, gib
from infra.core.data.classes import most_sensitive
from infra.core.iam import AwsPlace, BucketPrefix
from infra.core.labels import DataClass, Ownership
from infra.core.names import bucket_name
from infra.core.quota import Share
from infra.core.recovery import RecoveryCatalog
from infra.core.wiring import Member
from infra.core.workload.spec import WorkloadSpec
from infra.stacks.files import read_definitions
from infra.stacks.profile import Profile

CHART = "velero"
KEY = "recovery"
"""Name under which grants refer to the key of the backups' bucket."""

SNAPSHOT_DEFINITIONS = tuple(
    f"external-snapshotter-8.4.0/{name}.json"
    for name in ("volumesnapshot", "volumesnapshotclass", "volumesnapshotcontent")
)
STRICTEST: DataClass = "confidential"
"""Class of the bucket: that of credentials, which no column of the catalog has."""

NEVER_DAYS = 365
"""Age at which what is in the bucket would become rarely used: far beyond that of any backup."""


@dataclass(frozen=True)
class RecoveryPlan:
    """Backups of an environment.

    Attributes:
        store: the bucket that they go to.
        identity: Velero's role.
        recovery: Velero and its schedules.
    """

    store: ObjectStoreArgs
    identity: WorkloadIdentityArgs
    recovery: RecoveryArgs


def recovers(config: StackConfig, profile: Profile) -> bool:
    """Whether the environment has backups: where the cluster is the program's, on which Velero has a role."""
    return profile.operators and config.cluster.kind == "eks" and config.eks is not None and config.aws is not None


def recovery_shares(config: StackConfig, catalog: Catalog, profile: Profile) -> tuple[Share, ...]:
    """What Velero takes of the quota."""
    return (velero_layout.share(catalog.charts[CHART].footprint),) if recovers(config, profile) else ()


def recovery_plan(
    config: StackConfig,
    catalog: Catalog,
    profile: Profile,
    ownership: Ownership,
    *,
    namespaces: Sequence[NamespaceSpec],
    workloads: Sequence[WorkloadSpec],
    network: NetworkArgs | None,
    cluster: ClusterArgs | None,
) -> RecoveryPlan | None:
    """The backups; None in an environment without any.

    Raises:
        ConfigurationError: IAM would not take a document.
    """
    if not recovers(config, profile) or network is None or cluster is None:
        return None
    place = AwsPlace(account_id=cluster.account_id, region=cluster.region)
    store = _store(catalog.recovery, ownership, place, profile)
    identity = _identity(store.bucket, cluster.name, place, ownership)
    return RecoveryPlan(
        store=store,
        identity=identity,
        recovery=RecoveryArgs(
            ownership=ownership,
            chart=catalog.charts[CHART],
            plugin=catalog.images[velero_layout.PLUGIN_IMAGE],
            mode=config.operators.mode,
            location=RecoveryLocation(bucket=store.bucket, region=place.region),
            velero=velero_layout.member(ownership, aws_network(network).endpoints(identity.grants)),
            schedules=tuple(schedules(catalog, namespaces, workloads)),
            keep=profile.keep,
        ),
    )


def recovery_members(plan: RecoveryPlan | None) -> tuple[Member, ...]:
    """Velero's place in the wiring."""
    return (plan.recovery.velero,) if plan else ()


def schedules(
    catalog: Catalog, namespaces: Sequence[NamespaceSpec], workloads: Sequence[WorkloadSpec]
) -> Iterator[BackupSchedule]:
    """One for each tenant, so that it can be restored by itself, and one for each class of the platform's namespaces.

    Everything in a namespace counts as being of the most sensitive class that is handled there.

    Args:
        catalog: the catalog: what tenants may read, and what topics hold.
        namespaces: every namespace of the environment.
        workloads: everything that runs.
    """
    objectives = catalog.recovery.classes
    platform: dict[DataClass, list[NamespaceSpec]] = {}
    for spec in namespaces:
        tenant = spec.ownership.tenant
        handled = _handled(spec, catalog, workloads)
        if tenant != PLATFORM_TENANT:
            owner = spec.ownership.model_copy(update={"data_class": handled})
            yield BackupSchedule(
                name=spec.name, ownership=owner, namespaces=(spec.name,), objective=objectives[handled]
            )
        else:
            platform.setdefault(handled, []).append(spec)
    for data_class, specs in sorted(platform.items()):
        yield BackupSchedule(
            name=velero_layout.schedule_name(data_class),
            ownership=specs[0].ownership.model_copy(update={"data_class": data_class}),
            namespaces=tuple(sorted(spec.name for spec in specs)),
            objective=objectives[data_class],
        )


def recovery_usages(plan: RecoveryPlan, catalog: Catalog, running: Iterable[Running], *, keep: bool) -> Iterator[Usage]:
    """What backups use in a month: their key, and snapshots of all volumes.

    The objects themselves and the record of who read them are a few MB, and not counted.
    """
    kept = Fraction(int(keep))
    yield Usage(velero_layout.COMPONENT, PLATFORM, "key", KMS_KEY, Fraction(1), Fraction(1), kept)
    volumes = sum((gib(pods.storage) for pods in running), Fraction(0))
    daily = catalog.prices.filling.snapshot_gib_a_day.get(plan.recovery.ownership.environment, 0)
    longest = max(schedule.objective.keep_days for schedule in plan.recovery.schedules)
    yield from velero_layout.snapshot_usages(volumes, Fraction(daily), longest, keep=keep)


def declare_recovery(
    plan: RecoveryPlan | None,
    *,
    boundary_arn: pulumi.Input[str] | None,
    ready: Mapping[str, Sequence[pulumi.Resource]],
    cluster_ready: Sequence[pulumi.Resource],
    options: pulumi.ResourceOptions,
) -> Sequence[str]:
    """Declare the bucket, Velero's role, Velero and its schedules.

    Args:
        plan: the backups; nothing is declared without it.
        boundary_arn: ARN of the permissions boundary of workloads.
        ready: for each namespace, what must exist before anything is declared in it.
        cluster_ready: what must exist before anything is bound to the cluster: its add-ons among it.
        options: options of the components.

    Returns:
        The chart, when it was not installed.
    """
    if plan is None or boundary_arn is None:
        return ()
    # Stacks without AWS do without the seconds that importing its classes takes.
    from infra.components.foundation.object_store import ObjectStore  # noqa: PLC0415
    from infra.components.foundation.workload_identity import WorkloadIdentity  # noqa: PLC0415

    store = ObjectStore("recovery-store", plan.store, opts=options)
    WorkloadIdentity(
        f"{plan.identity.workload}-identity",
        plan.identity,
        keys={KEY: store.key_arn},
        boundary_arn=boundary_arn,
        after=cluster_ready,
        opts=options,
    )
    return Recovery(
        "recovery",
        plan.recovery,
        definitions=read_definitions(plan.recovery.chart.crds),
        snapshot_definitions=read_definitions(SNAPSHOT_DEFINITIONS),
        after=[*ready[velero_layout.NAMESPACE], *cluster_ready],
        opts=options,
    ).recorded


def _handled(spec: NamespaceSpec, catalog: Catalog, workloads: Sequence[WorkloadSpec]) -> DataClass:
    classes: list[str] = [spec.ownership.data_class]
    tenant = catalog.tenants.get(spec.ownership.tenant)
    classes += tenant.clearance if tenant else ()
    classes += [each.ownership.data_class for each in workloads if each.namespace == spec.name]
    if spec.name == KAFKA:
        classes += [topic.data_class for topic in catalog.topics.values()]
    return most_sensitive(classes)


def _store(recovery: RecoveryCatalog, ownership: Ownership, place: AwsPlace, profile: Profile) -> ObjectStoreArgs:
    return ObjectStoreArgs(
        bucket=bucket_name(ownership.environment, KEY, place.account_id),
        account_id=place.account_id,
        # Secrets of every namespace are among what is backed up.
        ownership=ownership.model_copy(update={"data_class": STRICTEST}),
        log_bucket=bucket_name(ownership.environment, f"{KEY}-logs", place.account_id) if profile.keep else None,
        infrequent_access_days=NEVER_DAYS,
        archive_days=2 * NEVER_DAYS,
        # Velero may delete a backup, but for so long nobody can who has its role.
        noncurrent_days=max(objective.keep_days for objective in recovery.classes.values()),
        keep=profile.keep,
    )


def _identity(bucket: str, cluster: str, place: AwsPlace, ownership: Ownership) -> WorkloadIdentityArgs:
    own = BucketPrefix(
        bucket=bucket,
        prefix=f"{velero_layout.PREFIX}/",
        access=("list", "read", "write", "delete"),
        key=KEY,
        sole=True,
    )
    return check_identity(
        WorkloadIdentityArgs(
            workload=velero_layout.NAME,
            environment=ownership.environment,
            place=place,
            cluster=cluster,
            namespace=velero_layout.NAMESPACE,
            accounts=(velero_layout.NAME,),
            grants=(own,),
            declared_in="infra/stacks/recovery_plan.py",
        )
    )
