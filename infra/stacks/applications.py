"""Declares the price path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from infra.components.features.store_access import ManagedServiceFiles
from infra.core.generated_secrets import GeneratedSecrets
from infra.core.wiring import KafkaLogin
from infra.core.workload.workload import Workload
from infra.stacks.applications_plan import Applications


def declare_passwords(
    plan: Applications, *, ready: Mapping[str, Sequence[pulumi.Resource]], options: pulumi.ResourceOptions
) -> GeneratedSecrets:
    """Declare the passwords of the stores' accounts, which the stores of AWS's are made with.

    Args:
        plan: whose they are.
        ready: what must exist in each namespace before anything is declared there.
        options: the providers.
    """
    return GeneratedSecrets("application-passwords", plan.credentials, ready=ready, opts=options)


def declare_applications(
    plan: Applications,
    passwords: GeneratedSecrets,
    *,
    chosen: Mapping[str, Mapping[str, pulumi.Output[str]]],
    roles: Mapping[str, Sequence[pulumi.Resource]],
    ready: Mapping[str, Sequence[pulumi.Resource]],
    streams: Sequence[pulumi.Resource],
    keys: Sequence[pulumi.Resource],
    scalers: Sequence[pulumi.Resource],
    options: pulumi.ResourceOptions,
) -> dict[str, str]:
    """Declare stores, then services, each when those that it uses run.

    Args:
        plan: what to declare.
        passwords: those of the stores' accounts.
        chosen: what AWS chose when it made stores, by service and file.
        roles: what must exist before the pods of a workload that has a role on AWS.
        ready: what must exist in each namespace before anything is declared there.
        streams: what must exist before anything uses Kafka.
        keys: the Secrets with the key of tokens.
        scalers: what must exist before anything scales by more than its CPU.
        options: the providers.

    Returns:
        Where each service is, by name.
    """
    secrets = [*keys, *passwords.objects]
    if plan.files.entries:
        secrets += ManagedServiceFiles("managed-services", plan.files, chosen=chosen, ready=ready, opts=options).objects
    hosts: dict[str, str] = {}
    declared: dict[tuple[str, str], pulumi.Resource] = {}
    done: list[pulumi.Resource] = []
    for spec in plan.workloads:
        edges = spec.edges()
        used = [declared[edge.offer.party.key] for edge in edges if edge.offer.party.key in declared]
        kafka = streams if any(isinstance(edge.login, KafkaLogin) for edge in edges) else ()
        # A store without features, a registry without a model: who reads comes after the jobs that fill.
        needs = [*secrets, *kafka, *used, *done, *roles.get(spec.name, ())]
        workload = Workload(
            spec.name, spec, after=ready[spec.namespace], ready_after=needs, scalers=scalers, opts=options
        )
        declared[spec.party.key] = workload.controller
        if spec.kind == "job":
            done.append(workload.controller)
        if workload.host and "http" in spec.serves:
            hosts[spec.name] = f"http://{workload.host}:{spec.ports[0].number}"
    return hosts
