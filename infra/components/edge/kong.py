"""Kong with everything that is reached through it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.components.edge import kong_layout as layout
from infra.components.foundation.operators_layout import AUTHORITY
from infra.core.component import PlatformComponent
from infra.core.labels import object_labels
from infra.core.workload.workload import Workload


@dataclass(frozen=True)
class Binding:
    """What makes pods the targets of a load balancer.

    Attributes:
        manifest: the custom resource.
        after: what must be there before it, and until it is gone.
    """

    manifest: Mapping[str, Any]
    after: Sequence[pulumi.Resource]


class Kong(PlatformComponent):
    """The gateway: its certificate, its configuration, the workload, and the policy that lets the load balancer in.

    Args:
        ready: for each namespace, what must exist before anything is declared in it.
        certifier: what must run before a certificate can be asked for.
        token: what CloudFront tells Kong; whoever does not know it did not come through the firewall.
        binding: what makes its pods the targets of a load balancer.

    Attributes:
        host: DNS name inside the cluster.
    """

    DOMAIN = "edge"
    host: str

    def __init__(
        self,
        name: str,
        gateway: layout.Gateway,
        *,
        ready: Mapping[str, Sequence[pulumi.Resource]],
        certifier: pulumi.Resource,
        token: pulumi.Input[str],
        binding: Binding | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        home = ready[layout.NAMESPACE]
        made: list[pulumi.Resource] = [*home, certifier]
        for role, manifest in layout.certificate_manifests(gateway, AUTHORITY):
            made.append(self.declare(role, manifest, after=made))
        text = pulumi.Output.secret(token).apply(lambda value: _encoded(layout.rendered(gateway, value)))
        labels = object_labels(layout.CONFIGURATION, layout.COMPONENT, gateway.ownership)
        metadata = {"name": layout.CONFIGURATION, "namespace": layout.NAMESPACE, "labels": labels}
        secret = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata}
        made.append(self.declare("configuration", {**secret, "data": {layout.FILE: text}}, after=home))
        spec = layout.gateway_spec(gateway)
        for role, manifest in layout.balancer_manifests(gateway):
            self.declare(role, manifest, after=home)
        # The policies of its connections are on both sides, so each needs the other's namespace, too.
        everywhere = [each for route in gateway.routes for each in ready[route.offer.party.namespace]]
        workload = Workload(
            self.child("workload"), spec, after=[*home, *everywhere], ready_after=made, opts=self.child_options()
        )
        if binding is not None:
            self.declare("binding", binding.manifest, after=[*home, *binding.after, workload])
        self.host = workload.host
        self.register_outputs({"host": self.host})


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
