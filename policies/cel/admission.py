"""The rules that one object shows, as policies of the API server: the third place where they are asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from policies.cel.expressions import Judgement, judgement_of, pod_variables, quoted
from policies.cel.kinds import POD_KINDS
from policies.environments import level_for
from policies.exceptions import ExceptionEntry
from policies.model import Level
from policies.runtime import Packs

Manifest = dict[str, Any]

ENVIRONMENTS: Final = ("local", "dev", "prod")
"""The environments that bindings are made for."""

NAMESPACES_WITH: Final = "platform/environment"
"""The label of namespaces that rules hold in; the cluster's own namespaces do not have it."""

OPERATORS: Final = "platform-operators"
"""The namespace of operators. It and what its service accounts make are left to Pod Security; see `_CONDITIONS`."""

_API: Final = "admissionregistration.k8s.io/v1"
_BY_OPERATOR: Final = f"'system:serviceaccounts:{OPERATORS}' in request.userInfo.groups"
_BY_CLUSTER: Final = (
    "'system:serviceaccounts:kube-system' in request.userInfo.groups"
    " || request.userInfo.username == 'system:kube-controller-manager'"
)
_OWN: Final = "object.metadata.?labels[?'app.kubernetes.io/managed-by'].orValue('pulumi') in ['pulumi', 'Helm']"
_WITH_PODS: Final = f"object.kind in [{', '.join(quoted(name) for name in sorted({it.kind for it in POD_KINDS}))}]"
_CONDITIONS: Final = (
    # What is being deleted must be able to lose its finalizers.
    ("not-being-deleted", "!has(object.metadata.deletionTimestamp)"),
    # Operators are judged by their custom resources.
    ("not-made-by-an-operator", f"!({_BY_OPERATOR})"),
    # The cluster's controllers give each namespace an account and a bundle of certificates that nobody can declare.
    # Pods that they make are judged, but for those of operators' workloads; a template that only claims to be an
    # operator's was judged itself when a person sent it.
    ("not-the-clusters-own", f"!({_BY_CLUSTER}) || ({_WITH_PODS} && {_OWN})"),
)


def admission_manifests(packs: Packs) -> dict[str, list[Manifest]]:
    """All objects that put the rules before the API server, by the name of the file that they are kept in.

    There is one policy for each pack, and a second one for those of its rules that deny in every environment, so that
    a few objects carry all rules; each rule is a validation with a message of its own. Bindings, which say where
    policies hold and whether they deny, are apart for each environment.

    Args:
        packs: The packs, loaded, with the exceptions.

    Raises:
        InputError: If a rule's expression cannot be asked at admission.
    """
    policies: list[Manifest] = []
    everywhere: dict[str, bool] = {}
    for pack in packs.packs:
        rules = [packs.rules[id_] for id_ in pack.rules]
        judgements = [found for rule in rules if (found := judgement_of(rule)) is not None]
        for always in (False, True):
            chosen = [found for found in judgements if found.rule.mandatory_everywhere is always]
            if chosen:
                name = f"platform-{pack.name}" + ("-everywhere" if always else "")
                everywhere[name] = always
                policies.append(_policy(name, chosen, packs.exceptions.entries))
    files = {policy["metadata"]["name"]: [policy] for policy in policies}
    for environment in ENVIRONMENTS:
        files[f"bindings-{environment}"] = [
            _binding(name, level_for(environment, mandatory_everywhere=always)) for name, always in everywhere.items()
        ]
    return files


def _policy(name: str, judgements: Sequence[Judgement], exceptions: Iterable[ExceptionEntry]) -> Manifest:
    variables = pod_variables() if any(judgement.about_pods for judgement in judgements) else []
    variables += [
        (judgement.variable, _excused(judgement, exceptions) + judgement.offenders) for judgement in judgements
    ]
    ids = (f"(variables.{it.variable}.size() == 0 ? [] : [{quoted(it.rule.id)}])" for it in judgements)
    variables.append(("broken", "\n+ ".join(ids)))
    return {
        "apiVersion": _API,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"matchPolicy": "Equivalent", "resourceRules": _resource_rules(judgements)},
            "matchConditions": [{"name": name, "expression": text} for name, text in _CONDITIONS],
            "variables": [{"name": name, "expression": text} for name, text in variables],
            "validations": [_validation(judgement) for judgement in judgements],
        },
    }


def _resource_rules(judgements: Iterable[Judgement]) -> list[Manifest]:
    kinds = {kind for judgement in judgements for kind in judgement.kinds}
    groups: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for kind in kinds:
        groups.setdefault((kind.group, kind.version, kind.operations), []).extend(kind.resources)
    return [
        {
            "apiGroups": [group],
            "apiVersions": [version],
            "operations": list(operations),
            "resources": sorted(set(resources)),
            "scope": "Namespaced",
        }
        for (group, version, operations), resources in sorted(groups.items())
    ]


def _validation(judgement: Judgement) -> Manifest:
    rule = judgement.rule
    offenders = f"variables.{judgement.variable}"
    # The API server shows one failed validation only, so each names the other rules that are broken as well.
    message = (
        f"{quoted(f'{rule.id} {rule.title}: ')} + {offenders}.join(', ') + ' of ' + object.kind + ' '"
        f" + object.metadata.name + {quoted(f' does not comply. {rule.remediation}')}"
        " + (variables.broken.size() > 1 ? ' Broken in all: ' + variables.broken.join(', ') : '')"
    )
    return {
        "expression": f"{offenders}.size() == 0",
        "message": f"{rule.id} {rule.title}. {rule.remediation}",
        "messageExpression": message,
        "reason": "Forbidden",
    }


def _excused(judgement: Judgement, exceptions: Iterable[ExceptionEntry]) -> str:
    return "".join(f"{_is(entry)} ? [] : " for entry in exceptions if entry.rule == judgement.rule.id and entry.object)


def _is(entry: ExceptionEntry) -> str:
    namespace, _, name = entry.object.rpartition("/")
    # What a controller makes for the object is named after it.
    return (
        f"(object.metadata.namespace == {quoted(namespace)} && (object.metadata.name == {quoted(name)}"
        f" || has(object.metadata.ownerReferences) && object.metadata.name.startsWith({quoted(name + '-')})))"
    )


def _binding(name: str, level: Level) -> Manifest:
    return {
        "apiVersion": _API,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {
            "policyName": name,
            "validationActions": ["Deny", "Audit"] if level is Level.MANDATORY else ["Warn"],
            "matchResources": {
                "matchPolicy": "Equivalent",
                "namespaceSelector": {
                    "matchExpressions": [
                        {"key": NAMESPACES_WITH, "operator": "Exists"},
                        {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [OPERATORS]},
                    ]
                },
            },
        },
    }
