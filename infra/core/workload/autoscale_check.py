"""Whether what scales by a topic's lag fits the topic and the Kafka user that reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from infra.core.catalog.catalog import FOLDER
from infra.core.catalog.topics import Topic
from infra.core.catalog.users import KafkaUser
from infra.core.errors import Problem
from infra.core.validation import closest
from infra.core.wiring import Edge, Party
from infra.core.workload.autoscale import KafkaLag
from infra.core.workload.spec import WorkloadSpec


def lag_problems(
    workloads: Iterable[WorkloadSpec], topics: Mapping[str, Topic], users: Mapping[str, KafkaUser]
) -> Iterator[Problem]:
    """Each lag of a topic that its user may not read, or that has fewer partitions than the workload has replicas.

    Args:
        workloads: everything that runs.
        topics: the catalog's topics.
        users: the catalog's Kafka users.
    """
    for spec in workloads:
        for lag in spec.autoscale.lags() if spec.autoscale else ():
            yield from _problems(spec, lag, topics, users)


def scaler_edges(scaler: Party, workloads: Iterable[WorkloadSpec]) -> Iterator[Edge]:
    """The connections of whoever asks the triggers, each server once: Kafka as the users, and Prometheus.

    One process asks for all workloads, so an edge to a server counts for all of them; the account on it is that of the
    first, since the network knows none.

    Args:
        scaler: the pods that ask.
        workloads: everything that runs.
    """
    seen: set[tuple[object, ...]] = set()
    for spec in workloads:
        for use in spec.autoscale.asks() if spec.autoscale else ():
            edge = Edge(client=scaler, offer=use.offer, login=use.login)
            if edge.key not in seen:
                seen.add(edge.key)
                yield edge


def _problems(
    spec: WorkloadSpec, lag: KafkaLag, topics: Mapping[str, Topic], users: Mapping[str, KafkaUser]
) -> Iterator[Problem]:
    reads = users[lag.user].consumes if lag.user in users else ()
    if lag.topic not in reads:
        limit = f"without {lag.topic}, by whose lag workload {spec.name} scales"
        fix = f"Add it if {spec.name} reads it, or scale by one of these"
        field = f"users.{lag.user}.consumes"
        yield Problem(f"{FOLDER}/kafka-users.yaml", field, ", ".join(reads) or "nothing", limit, fix)
    topic = topics.get(lag.topic)
    if topic is None:
        field, hint = f"workload {spec.name}", closest(lag.topic, list(topics))
        yield Problem(f"{FOLDER}/topics.yaml", field, lag.topic, "no such topic, by whose lag it scales", hint)
    elif spec.replicas.maximum > topic.partitions:
        limit = f"fewer than the {spec.replicas.maximum} replicas that workload {spec.name} may have"
        fix = "Lower its maximum: a partition has one reader in a group, so any more replicas would idle"
        yield Problem(f"{FOLDER}/topics.yaml", f"topics.{lag.topic}.partitions", str(topic.partitions), limit, fix)
