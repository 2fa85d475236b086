"""Who may see what: the decision point, and what every engine needs to decide alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pydantic import Field, model_validator

from infra.components.governance.artifacts import Artifact, artifact_manifest
from infra.components.governance.decision_point import (
    API_PORT,
    DATA_KIND,
    DECISION_PATH,
    NAMESPACE,
    TOKEN_KEY,
    DecisionPointArgs,
    decision_data,
    decision_point_spec,
    token_secret,
)
from infra.core.component import PlatformComponent
from infra.core.generated_secrets import generated_password, opaque_secret
from infra.core.kubernetes_object import KubernetesObject
from infra.core.labels import Ownership
from infra.core.models import Args
from infra.core.workload.workload import Workload

TOKEN_LENGTH = 48
"""Letters and digits: 285 bits; infra/catalog/rego/authz.rego takes none below 32."""


class GovernanceArgs(Args):
    """The decision point, and what is delivered to the engines."""

    decision_point: DecisionPointArgs
    artifacts: tuple[Artifact, ...] = Field(description="what is derived from the data catalog, one of each kind")

    @model_validator(mode="after")
    def _data_is_delivered(self) -> GovernanceArgs:
        data = decision_data(self.decision_point.document)
        if data not in self.artifacts:
            raise ValueError(f"artifacts must have {data.name}, which the decision point mounts")
        return self


class Governance(PlatformComponent):
    """The decision point, a token for each of its clients, and a ConfigMap for each artifact.

    Args:
        ready: what must exist in each namespace before anything is declared there.

    Attributes:
        decision_url: where decisions are asked for, inside the cluster.
        artifacts: name of the ConfigMap of each kind of artifact.
    """

    DOMAIN = "governance"
    decision_url: str
    artifacts: Mapping[str, str]

    def __init__(
        self,
        name: str,
        args: GovernanceArgs,
        *,
        ready: Mapping[str, Sequence[pulumi.Resource]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        ownership = args.decision_point.ownership
        delivered = {
            artifact.kind: self.declare(
                f"artifact-{artifact.kind}",
                artifact_manifest(artifact, NAMESPACE, ownership),
                after=ready[NAMESPACE],
            )
            for artifact in args.artifacts
        }
        tokens = [self._token(client, home, ownership, ready) for client, home in args.decision_point.clients.items()]
        opa = Workload(
            self.child("opa"),
            decision_point_spec(args.decision_point),
            after=ready[NAMESPACE],
            ready_after=[*tokens, delivered[DATA_KIND]],
            opts=self.child_options(),
        )
        self.decision_url = f"http://{opa.host}:{API_PORT}{DECISION_PATH}"
        self.artifacts = {artifact.kind: artifact.name for artifact in args.artifacts}
        self.register_outputs({"decisionUrl": self.decision_url, "artifacts": dict(self.artifacts)})

    def _token(
        self, client: str, home: str, ownership: Ownership, ready: Mapping[str, Sequence[pulumi.Resource]]
    ) -> KubernetesObject:
        token = generated_password(self, f"{client}-token", TOKEN_LENGTH)
        if home != NAMESPACE:
            self.declare(f"{client}-home", _secret(client, token, home, ownership), after=ready[home])
        return self.declare(f"{client}-secret", _secret(client, token, NAMESPACE, ownership), after=ready[NAMESPACE])


def _secret(client: str, token: pulumi.Output[str], namespace: str, ownership: Ownership) -> dict[str, Any]:
    return opaque_secret(token_secret(client), namespace, TOKEN_KEY, token, component="governance", ownership=ownership)
