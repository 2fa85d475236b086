"""Pods that an operator builds from fields of its own, put together as a template that rules can read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.node import Node

_STRIMZI_CONTAINERS: Final = {
    "kafka": ("kafkaContainer", "initContainer"),
    "entityOperator": ("topicOperatorContainer", "userOperatorContainer"),
    "cruiseControl": ("cruiseControlContainer",),
    "kafkaExporter": ("container",),
}
"""The parts of Strimzi's Kafka that are pods, and the containers that the template of each can change."""

_SPARK_SAME: Final = ("initContainers", "hostNetwork", "terminationGracePeriodSeconds", "priorityClassName", "affinity")
_SPARK_CONTAINER: Final = ("securityContext", "env", "envFrom", "volumeMounts", "lifecycle", "ports")


class Graft(Node):
    """A mapping that stands nowhere in the resource, whose entries are places in it and keep their paths."""

    __slots__ = ("_entries",)

    def __init__(self, parent: Node, entries: Mapping[str, Node | list[Node]]) -> None:
        super().__init__(dict.fromkeys(entries, True), parent.parent, parent.key)
        self._entries = {key: _Row(parent, it) if isinstance(it, list) else it for key, it in entries.items()}

    def __getitem__(self, key: str) -> Node:
        """The place that was put under this key; absent if there is none."""
        found = self._entries.get(key)
        return Node(None, self, key) if found is None else found

    def entries(self) -> Iterator[tuple[str, Node]]:
        """The places with their keys."""
        yield from self._entries.items()


class _Row(Node):
    __slots__ = ("_nodes",)

    def __init__(self, parent: Node, nodes: list[Node]) -> None:
        values: list[Any] = [True] * len(nodes)
        super().__init__(values, parent.parent, parent.key)
        self._nodes = nodes

    def items(self) -> list[Node]:
        return self._nodes


def strimzi_kafka(root: Node) -> Iterator[Node]:
    """The pods of a Strimzi `Kafka`: brokers, entity operator, Cruise Control, exporter, as far as it describes them.

    The fields are those of the definition of Strimzi 1.2.0 in `infra/catalog/crds`.
    """
    for part, containers in _STRIMZI_CONTAINERS.items():
        node = root.at("spec", part)
        if node.exists():
            yield _strimzi(node, containers)


def strimzi_pool(root: Node) -> Iterator[Node]:
    """The pods of a Strimzi `KafkaNodePool`."""
    if root["spec"].exists():
        yield _strimzi(root["spec"], _STRIMZI_CONTAINERS["kafka"])


def spark_application(root: Node) -> Iterator[Node]:
    """Driver and executors of a `SparkApplication`.

    The fields are those of `SparkPodSpec` in api/v1beta2/sparkapplication_types.go of the Kubeflow Spark operator.
    """
    yield from _spark(root["spec"])


def scheduled_spark_application(root: Node) -> Iterator[Node]:
    """Driver and executors of each run of a `ScheduledSparkApplication`."""
    yield from _spark(root.at("spec", "template"))


def flink_deployment(root: Node) -> Iterator[Node]:
    """The image and account of a `FlinkDeployment` and its three templates, of which the operator makes one.

    The fields are those of flink-kubernetes-operator's reference: `podTemplate` for both kinds of pods, and one of its
    own for each.
    """
    spec = root["spec"]
    main = Graft(spec, {"image": spec["image"], "imagePullPolicy": spec["imagePullPolicy"]})
    pod = Graft(spec, {"serviceAccountName": spec["serviceAccount"], "containers": [main]})
    yield Graft(spec, {"spec": pod})
    for template in (spec["podTemplate"], spec.at("jobManager", "podTemplate"), spec.at("taskManager", "podTemplate")):
        if template["spec"].exists():
            yield template


def _strimzi(node: Node, containers: tuple[str, ...]) -> Node:
    template = node["template"]
    pod = template["pod"]
    found: list[Node] = [
        Graft(template[name], dict(template[name].entries())) for name in containers if template[name].exists()
    ]
    spec: dict[str, Node | list[Node]] = {key: value for key, value in pod.entries() if key != "metadata"}
    return Graft(pod, {"metadata": pod["metadata"], "spec": Graft(pod, {**spec, "containers": found})})


def _spark(spec: Node) -> Iterator[Node]:
    for part in ("driver", "executor"):
        node = spec[part]
        if not node.exists():
            continue
        own = node["image"]
        main: dict[str, Node | list[Node]] = {key: node[key] for key in _SPARK_CONTAINER if node[key].exists()}
        main |= {"image": own if own.exists() else spec["image"], "imagePullPolicy": spec["imagePullPolicy"]}
        pod: dict[str, Node | list[Node]] = {key: node[key] for key in _SPARK_SAME if node[key].exists()}
        pod |= {
            "securityContext": node["podSecurityContext"],
            "serviceAccountName": node["serviceAccount"],
            "containers": [Graft(node, main), *node["sidecars"].items()],
        }
        if part == "driver":
            # Both mount from the same volumes; they are judged once.
            pod["volumes"] = spec["volumes"]
        labels = Graft(node, {"labels": node["labels"], "annotations": node["annotations"]})
        yield Graft(node, {"metadata": labels, "spec": Graft(node, pod)})
        if node.at("template", "spec").exists():
            yield node["template"]
