"""When an object counts as ready, judged from what the API server says about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from sandbox.engine.providers.kubernetes.kinds import Kind
from sandbox.engine.providers.kubernetes.quantity import same_quantity
from sandbox.engine.values import Json, PropertyMap, get_path


@dataclass(frozen=True)
class Verdict:
    """Whether an object is ready.

    Attributes:
        state: `failed` means that waiting longer cannot help.
        text: what is awaited or what failed, such as `1 of 3 replicas ready`; empty when ready.
    """

    state: Literal["ready", "waiting", "failed"]
    text: str = ""


@dataclass(frozen=True)
class Related:
    """What else a judgement needs.

    Attributes:
        slices: the EndpointSlices of a Service.
        binding_mode: the volumeBindingMode of a claim's StorageClass; empty when unknown.
    """

    slices: Sequence[PropertyMap] = ()
    binding_mode: str = ""


READY = Verdict("ready")
Judge = Callable[[PropertyMap, Related], Verdict]


def _waiting(text: str) -> Verdict:
    return Verdict("waiting", text)


def _number(obj: PropertyMap, *path: str, default: int = 0) -> int:
    value = get_path(obj, path)
    return value if isinstance(value, int) else default


def conditions(obj: PropertyMap) -> dict[str, PropertyMap]:
    """Index the conditions of an object by their types."""
    listed = get_path(obj, ("status", "conditions")) or ()
    return {condition["type"]: condition for condition in listed}


def _is_true(obj: PropertyMap, condition: str) -> bool:
    return conditions(obj).get(condition, {}).get("status") == "True"


def _unobserved(obj: PropertyMap) -> bool:
    return _number(obj, "status", "observedGeneration") < _number(obj, "metadata", "generation")


_UNSEEN = _waiting("its controller has not seen it yet")


def deployment(obj: PropertyMap, _: Related) -> Verdict:
    """Judge a Deployment as `kubectl rollout status` does; a paused one is ready as it stands."""
    if get_path(obj, ("spec", "paused")):
        return READY
    if _unobserved(obj):
        return _UNSEEN
    progress = conditions(obj).get("Progressing", {})
    if progress.get("reason") == "ProgressDeadlineExceeded":
        return Verdict("failed", f"progress deadline exceeded: {progress.get('message', '')}")
    return _rollout(obj, _number(obj, "spec", "replicas", default=1))


def _rollout(obj: PropertyMap, wanted: int) -> Verdict:
    updated, total = _number(obj, "status", "updatedReplicas"), _number(obj, "status", "replicas")
    available = _number(obj, "status", "availableReplicas")
    if updated < wanted:
        return _waiting(f"{updated} of {wanted} replicas updated")
    if total > updated:
        return _waiting(f"{total - updated} old replicas still to stop")
    if available < wanted:
        return _waiting(f"{available} of {wanted} replicas available")
    return READY


def stateful_set(obj: PropertyMap, _: Related) -> Verdict:
    """Judge a StatefulSet: all replicas ready and, unless updates wait for deletions, of the newest revision."""
    if _unobserved(obj):
        return _UNSEEN
    wanted = _number(obj, "spec", "replicas", default=1)
    ready = _number(obj, "status", "readyReplicas")
    if _number(obj, "status", "replicas") != wanted or ready < wanted:
        return _waiting(f"{ready} of {wanted} replicas ready")
    if get_path(obj, ("spec", "updateStrategy", "type")) == "OnDelete":
        return READY
    partition = _number(obj, "spec", "updateStrategy", "rollingUpdate", "partition")
    due = max(wanted - partition, 0)
    updated = _number(obj, "status", "updatedReplicas")
    if updated < due:
        return _waiting(f"{updated} of {due} replicas updated")
    current, update = get_path(obj, ("status", "currentRevision")), get_path(obj, ("status", "updateRevision"))
    if partition == 0 and current != update:
        return _waiting("the newest revision is not yet the current one")
    return READY


def daemon_set(obj: PropertyMap, _: Related) -> Verdict:
    """Judge a DaemonSet: a pod available on every node that wants one."""
    if _unobserved(obj):
        return _UNSEEN
    wanted = _number(obj, "status", "desiredNumberScheduled")
    updated, available = _number(obj, "status", "updatedNumberScheduled"), _number(obj, "status", "numberAvailable")
    if get_path(obj, ("spec", "updateStrategy", "type")) != "OnDelete" and updated < wanted:
        return _waiting(f"updated on {updated} of {wanted} nodes")
    if available < wanted:
        return _waiting(f"available on {available} of {wanted} nodes")
    return READY


def replication_controller(obj: PropertyMap, _: Related) -> Verdict:
    """Judge a ReplicationController by its replicas."""
    if _unobserved(obj):
        return _UNSEEN
    wanted, ready = _number(obj, "spec", "replicas", default=1), _number(obj, "status", "readyReplicas")
    return READY if ready >= wanted else _waiting(f"{ready} of {wanted} replicas ready")


def job(obj: PropertyMap, _: Related) -> Verdict:
    """Judge a Job: complete; a suspended one is ready as it stands."""
    failed = conditions(obj).get("Failed", {})
    if failed.get("status") == "True":
        return Verdict("failed", f"the job failed: {failed.get('reason', '')} {failed.get('message', '')}".strip())
    if _is_true(obj, "Complete") or get_path(obj, ("spec", "suspend")):
        return READY
    done, wanted = _number(obj, "status", "succeeded"), _number(obj, "spec", "completions", default=1)
    return _waiting(f"{done} of {wanted} completions, {_number(obj, 'status', 'active')} pods running")


def pod(obj: PropertyMap, _: Related) -> Verdict:
    """Judge a Pod: ready, or ended well."""
    phase = get_path(obj, ("status", "phase"))
    if phase == "Failed":
        return Verdict("failed", f"the pod failed: {get_path(obj, ('status', 'message')) or 'see its containers'}")
    if phase == "Succeeded" or _is_true(obj, "Ready"):
        return READY
    return _waiting(f"the pod is {phase or 'not yet seen'} and not ready")


def service(obj: PropertyMap, related: Related) -> Verdict:
    """Judge a Service as pulumi-kubernetes does: an address where one is due, and none of its endpoints still to come.

    Its ten seconds of settling are left out, so a Service whose pods do not exist yet is ready at once.
    """
    kind = get_path(obj, ("spec", "type"))
    if kind == "LoadBalancer" and not get_path(obj, ("status", "loadBalancer", "ingress")):
        return _waiting("the load balancer has no address yet")
    selects = bool(get_path(obj, ("spec", "selector")))
    if kind == "ExternalName" or get_path(obj, ("spec", "clusterIP")) == "None" or not selects:
        return READY
    if not related.slices:
        return _waiting("its endpoints are not known yet")
    pending = sum(_is_pending(endpoint) for one in related.slices for endpoint in one.get("endpoints") or ())
    return _waiting(f"{pending} of its endpoints not ready") if pending else READY


def _is_pending(endpoint: PropertyMap) -> bool:
    state = endpoint.get("conditions") or {}
    return state.get("ready") is False and not state.get("terminating")


def ingress(obj: PropertyMap, _: Related) -> Verdict:
    """Judge an Ingress: a controller gave it an address."""
    found = get_path(obj, ("status", "loadBalancer", "ingress"))
    return READY if found else _waiting("no ingress controller gave it an address yet")


def claim(obj: PropertyMap, related: Related) -> Verdict:
    """Judge a PersistentVolumeClaim: bound, or pending where its class waits for the first pod."""
    phase = get_path(obj, ("status", "phase"))
    if phase == "Bound" or (phase == "Pending" and related.binding_mode == "WaitForFirstConsumer"):
        return READY
    if phase == "Lost":
        return Verdict("failed", "the volume of the claim is lost")
    return _waiting(f"the claim is {phase or 'not yet seen'}, not bound")


def volume(obj: PropertyMap, _: Related) -> Verdict:
    """Judge a PersistentVolume: available or bound."""
    phase = get_path(obj, ("status", "phase"))
    return READY if phase in ("Available", "Bound") else _waiting(f"the volume is {phase or 'not yet seen'}")


def namespace(obj: PropertyMap, _: Related) -> Verdict:
    """Judge a Namespace: active."""
    phase = get_path(obj, ("status", "phase"))
    return READY if phase == "Active" else _waiting(f"the namespace is {phase or 'not yet seen'}")


def quota(obj: PropertyMap, _: Related) -> Verdict:
    """Judge a ResourceQuota: its controller enforces exactly these limits."""
    wanted, known = get_path(obj, ("spec", "hard")) or {}, get_path(obj, ("status", "hard")) or {}
    same = wanted.keys() == known.keys() and all(_equal(wanted[key], known[key]) for key in wanted)
    return READY if same else _waiting("the quota is not enforced yet")


def _equal(one: Json, other: Json) -> bool:
    return bool(one == other) or same_quantity(one, other)


def definition(obj: PropertyMap, _: Related) -> Verdict:
    """Judge a CustomResourceDefinition: established."""
    names = conditions(obj).get("NamesAccepted", {})
    if names.get("status") == "False":
        return Verdict("failed", f"its names are not accepted: {names.get('message', '')}")
    return READY if _is_true(obj, "Established") else _waiting("the definition is not established yet")


def token(obj: PropertyMap, _: Related) -> Verdict:
    """Judge a Secret: one that the control plane fills is filled."""
    if obj.get("type") == "kubernetes.io/service-account-token" and not obj.get("data"):
        return _waiting("the token is not issued yet")
    return READY


JUDGES: dict[tuple[str, str], Judge] = {
    ("", "Namespace"): namespace,
    ("", "PersistentVolume"): volume,
    ("", "PersistentVolumeClaim"): claim,
    ("", "Pod"): pod,
    ("", "ReplicationController"): replication_controller,
    ("", "ResourceQuota"): quota,
    ("", "Secret"): token,
    ("", "Service"): service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): definition,
    ("apps", "DaemonSet"): daemon_set,
    ("apps", "Deployment"): deployment,
    ("apps", "StatefulSet"): stateful_set,
    ("batch", "Job"): job,
    ("networking.k8s.io", "Ingress"): ingress,
}
"""The kinds that are waited for; every other kind, custom resources among them, is ready once it is accepted."""


def judge_of(kind: Kind) -> Judge | None:
    """Return how a kind is judged; None when its acceptance is enough."""
    return JUDGES.get((kind.group, kind.kind))
