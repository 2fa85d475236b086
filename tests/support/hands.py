"""A hand that changes live objects behind the program's back."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass

from sandbox.engine.urns import parse
from sandbox.tools.resolver import resolve
from tests.support.stack_driver import StackDriver

_EDITS = {
    "ConfigMap": {"data": {"added-by-hand": "yes"}},
    "Deployment": {"spec": {"replicas": 7}},
    "Service": {"metadata": {"labels": {"app.kubernetes.io/part-of": "somebody-else"}}},
    "ResourceQuota": {"spec": {"hard": {"pods": "1"}}},
    "NetworkPolicy": {"spec": {"policyTypes": ["Ingress"]}},
    "Role": {"rules": []},
}
_DELETED = ("LimitRange", "PodDisruptionBudget", "RoleBinding", "NetworkPolicy")


@dataclass(frozen=True)
class HandTarget:
    """One live object and what happens to it.

    Attributes:
        urn: the resource that declares it.
        kind: its kind.
        namespace: where it is.
        name: its name.
        delete: it is deleted; otherwise edited.
    """

    urn: str
    kind: str
    namespace: str
    name: str
    delete: bool


def ten_targets(driver: StackDriver) -> list[HandTarget]:
    """Choose ten namespaced objects of the stack: one of each kind to edit, one of each to delete."""
    steps = driver.run("plan").steps
    targets: list[HandTarget] = []
    for delete, kinds in ((False, tuple(_EDITS)), (True, _DELETED)):
        for kind in kinds:
            taken = {target.urn for target in targets}
            step = next(
                step
                for step in steps
                if parse(step.urn).type.endswith(f":{kind}")
                and step.urn not in taken
                and "namespace" in step.inputs.get("metadata", {})
                and not step.inputs.get("immutable")
            )
            metadata = step.inputs["metadata"]
            targets.append(HandTarget(step.urn, kind, metadata["namespace"], metadata["name"], delete))
    assert len(targets) == 10
    return targets


def change_by_hand(driver: StackDriver, target: HandTarget) -> None:
    """Edit or delete an object with kubectl."""
    kubectl = resolve(["kubectl"], lambda _: None)["kubectl"]
    base = [str(kubectl), "--kubeconfig", str(driver.endpoints.kubeconfig_path), "-n", target.namespace]
    if target.delete:
        command = [*base, "delete", target.kind, target.name]
    else:
        patch = json.dumps(_EDITS[target.kind])
        command = [*base, "patch", target.kind, target.name, "--type", "merge", "-p", patch]
    subprocess.run(command, check=True, capture_output=True)
