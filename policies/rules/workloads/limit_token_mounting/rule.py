from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import name_of, namespace_of, of_kinds
from policies.model import Resource, Severity, Stack, Violation
from policies.pods import Pod, pods_of
from policies.rule import WholeStack, rule
from policies.unknown import UnknownValueError
from policies.whole import judged_each

_ACCOUNT = ("core", "ServiceAccount")
_BINDINGS = (("rbac.authorization.k8s.io", "RoleBinding"), ("rbac.authorization.k8s.io", "ClusterRoleBinding"))

Account = tuple[str, str]


@rule(
    id="POD-022",
    title="Limit service account tokens to pods that use the Kubernetes API",
    severity=Severity.HIGH,
    topics=("security", "identity"),
    frameworks=("cis-kubernetes:5.1.6", "nsa-cisa-hardening:automount"),
    applies_to=WholeStack(),
    rationale=(
        "A token that is mounted into every container is the first thing that an intruder uses. A pod needs one only"
        " if its account may do something, and then the stack says what by a role binding."
    ),
    remediation=(
        "Set automountServiceAccountToken to false on the pod; or, if it calls the Kubernetes API, give it a service"
        " account of its own and bind that to a role in the same stack."
    ),
)
def limit_token_mounting(stack: Stack) -> Iterator[Violation]:
    """What the pod says counts before what its account says, and the default is to mount."""
    mounts = {_key(account): account for account in of_kinds(stack.resources, _ACCOUNT) if _known(account)}
    bound = {subject for binding in of_kinds(stack.resources, *_BINDINGS) for subject in _subjects(binding)}

    def judge(pod: Pod) -> Iterator[Violation]:
        name = pod.spec["serviceAccountName"].text() or pod.spec["serviceAccount"].text() or "default"
        account = (namespace_of(pod.resource), name)
        flag = pod.spec["automountServiceAccountToken"]
        if not flag.exists() and account in mounts:
            flag = mounts[account].root["automountServiceAccountToken"]
        if flag.boolean() is False or (name != "default" and account in bound):
            return
        own = pod.spec["automountServiceAccountToken"]
        yield Violation(own.path, f"the token of the service account {name!r}, to which no role is bound, is mounted")

    yield from judged_each(_pods(stack), judge)


def _pods(stack: Stack) -> Iterator[tuple[Resource, Pod]]:
    for resource in stack.resources:
        try:
            found = pods_of(resource)
        except UnknownValueError:
            # Every rule about pods says so.
            continue
        yield from ((resource, pod) for pod in found if not pod.partial)


def _known(account: Resource) -> bool:
    metadata = account.root["metadata"]
    return metadata.known() and metadata["name"].known() and metadata["namespace"].known()


def _key(account: Resource) -> Account:
    return namespace_of(account), name_of(account)


def _subjects(binding: Resource) -> Iterator[Account]:
    try:
        for subject in binding.root["subjects"].items():
            if subject["kind"].text() == "ServiceAccount":
                yield subject["namespace"].text() or namespace_of(binding), subject["name"].text() or ""
    except UnknownValueError:
        # A subject that is not known yet binds nobody here; that errs on the side of a finding.
        return
