"""Which Kubernetes kind a Pulumi type token means, and which tokens are refused and why."""

from __future__ import annotations

from dataclasses import dataclass

PACKAGE = "kubernetes:"

OVERLAYS = {
    "kubernetes:helm.sh/v3:Release": "Helm releases are not rendered here; use kubernetes.helm.v4.Chart",
    "kubernetes:helm.sh/v4:Chart": "a Helm chart is a remote component and reaches no resource provider",
    "kubernetes:kustomize": "render the kustomization first and declare its objects as typed resources",
    "kubernetes:yaml": "declare the objects as typed resources, or as apiextensions.CustomResource",
}
"""Types of pulumi-kubernetes that are no single object, by token or by module, with what to use instead."""


@dataclass(frozen=True)
class Kind:
    """A group, version and kind.

    Attributes:
        group: the API group; empty for the core group.
        version: such as `v1`.
        kind: such as `Deployment`.
    """

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        """The `apiVersion` of a manifest of this kind."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def custom(self) -> bool:
        """Whether the kind comes from a CustomResourceDefinition.

        Groups without a dot, and those below k8s.io that the API server itself serves, are built in.
        """
        return "." in self.group and self.group not in BUILT_IN_GROUPS

    def __str__(self) -> str:
        return f"{self.api_version} {self.kind}"


BUILT_IN_GROUPS = frozenset(
    {
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "internal.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
        "storagemigration.k8s.io",
    }
)
"""The dotted API groups that kube-apiserver serves itself (its API reference lists them)."""


def refusal(type: str) -> str | None:
    """Say why a type of the kubernetes package cannot be handled; None when it can."""
    for token, advice in OVERLAYS.items():
        if type == token or type.startswith((token + ":", token + "/")):
            return f"{type} is not supported: {advice}"
    parts = type.removeprefix(PACKAGE).split(":")
    if not type.startswith(PACKAGE) or len(parts) != 2 or "/" not in parts[0] or not all(parts):
        return f"{type} is no Kubernetes object type; expected kubernetes:<group>/<version>:<Kind>"
    kind = parts[1]
    if kind.endswith("Patch"):
        return f"{type} is not supported: a patch changes an object that the program does not own; declare the object"
    if kind.endswith("List") and parts[0].partition("/")[0] in {"core", "apps", "batch", "policy", "autoscaling"}:
        return f"{type} is not supported: a list is no object; declare each of its items"
    if kind.endswith("List") and parts[0].partition("/")[0] in BUILT_IN_GROUPS:
        return f"{type} is not supported: a list is no object; declare each of its items"
    return None


def parse_type(type: str) -> Kind:
    """Read a type token such as `kubernetes:apps/v1:Deployment`.

    Raises:
        ValueError: the type is refused; the message is that of `refusal`.
    """
    reason = refusal(type)
    if reason:
        raise ValueError(reason)
    module, kind = type.removeprefix(PACKAGE).split(":")
    group, version = module.rsplit("/", 1)
    return Kind("" if group == "core" else group, version, kind)


def object_id(namespace: str, name: str) -> str:
    """Write an id as pulumi-kubernetes does: `namespace/name`, or `name` for a cluster-wide object."""
    return f"{namespace}/{name}" if namespace else name


def split_id(id: str) -> tuple[str, str]:
    """Read an id into namespace (empty for a cluster-wide object) and name."""
    namespace, _, name = id.rpartition("/")
    return namespace, name
