"""Rules before the API server: what the policy packs say of one object holds for whoever creates it."""

from __future__ import annotations

import pulumi

from infra.components.foundation.admission_layout import AdmissionArgs, labelled
from infra.core.component import PlatformComponent


class Admission(PlatformComponent):
    """ValidatingAdmissionPolicies and the bindings that say where they hold: in the platform's namespaces.

    Attributes:
        ready: what must exist before anything is judged.
    """

    DOMAIN = "foundation"
    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: AdmissionArgs, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts=opts)
        policies = {
            policy["metadata"]["name"]: self.declare(
                f"policy-{policy['metadata']['name']}", labelled(policy, args.ownership)
            )
            for policy in args.policies
        }
        bindings = [
            self.declare(
                f"binding-{binding['metadata']['name']}",
                labelled(binding, args.ownership),
                # A binding whose policy is gone would warn in the server's log until it goes as well.
                after=[policies[binding["spec"]["policyName"]]],
            )
            for binding in args.bindings
        ]
        self.ready = (*policies.values(), *bindings)
        self.register_outputs({"policies": sorted(policies)})
