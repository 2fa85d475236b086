"""Open Policy Agent, which decides who sees what of which dataset, as a workload."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

import yaml
from pydantic import Field, StringConstraints

from infra.components.governance.artifacts import Artifact
from infra.core.catalog.catalog import FOLDER
from infra.core.catalog.images import Image
from infra.core.content_hash import content_hash
from infra.core.labels import Ownership
from infra.core.models import Args
from infra.core.workload.secret_key import SecretKey
from infra.core.workload.spec import (
    ConfigFiles,
    Port,
    Probe,
    Probes,
    Replicas,
    Resources,
    SharedFiles,
    WorkloadSpec,
)

NAMESPACE = "platform-governance"
NAME = "opa"
API_PORT = 8181
DIAGNOSTICS_PORT = 8282
POLICY_FOLDER = "/etc/opa"
CONFIG_FILE = "config.yaml"
DATA_FOLDER = "/etc/opa-data"
DATA_FILE = "catalog.json"
DATA_KIND = "opa-data"
TOKEN_KEY = "token"  # noqa: S105 - the name of a key
DECISION_PATH = "/v1/data/platform/access/decision"
QUESTION_BYTES = 64 * 1024
"""Longest question that is read: names of a thousand columns fit many times."""

GRACE_SECONDS = 30
DRAIN_SECONDS = 5
"""How long it goes on answering after it was told to stop, until no client is sent to it any more."""

ClientName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$")]


class DecisionPointArgs(Args):
    """The policy engine; sizes in millicores and bytes."""

    image: Image
    ownership: Ownership
    replicas: int = Field(ge=1, le=20)
    zones: int = Field(ge=1, le=6)
    cpu: int = Field(ge=1)
    memory: int = Field(ge=1)
    policies: dict[str, str] = Field(min_length=1, description="Rego modules, by name of the file")
    document: dict[str, Any] = Field(description="what they decide by; see access_document")
    clients: dict[ClientName, str] = Field(
        default_factory=dict, description="namespace of each client that may ask for decisions"
    )


def decision_data(document: Mapping[str, Any]) -> Artifact:
    """What the server decides by, as it is delivered: the very ConfigMap that the server mounts."""
    text = json.dumps(document, indent=1) + "\n"
    return Artifact(kind=DATA_KIND, source=f"{FOLDER}/datasets.yaml", files={DATA_FILE: text})


def opa_files(policies: Mapping[str, str], document: Mapping[str, Any]) -> dict[str, str]:
    """Settings and modules of the server, by name of the file.

    The settings are OPA's (version 1.22.0, docs/docs/configuration.md). Each entry of the decision log carries the
    revision: the hash of the modules and data that decided.
    """
    loaded = {**policies, **decision_data(document).files}
    revision = content_hash((name, text.encode()) for name, text in loaded.items())
    settings = {
        "labels": {"revision": revision},
        "decision_logs": {"console": True, "mask_decision": "/system/log/mask"},
        "default_authorization_decision": "/system/authz/allow",
        "default_decision": "/platform/access/decision",
        "server": {"decoding": {"max_length": QUESTION_BYTES, "gzip": {"max_length": QUESTION_BYTES}}},
    }
    return {**policies, CONFIG_FILE: yaml.safe_dump(settings, sort_keys=True)}


def decision_point_spec(args: DecisionPointArgs) -> WorkloadSpec:
    """The workload. Flags are those of ``opa run`` (version 1.22.0).

    It listens only after every file was loaded and compiled, and counts as ready only while it has a catalog. Probes
    and metrics have a port of their own, so that whoever may read those need not reach the decisions.
    """
    return WorkloadSpec(
        name=NAME,
        namespace=NAMESPACE,
        component="governance",
        ownership=args.ownership,
        priority="platform-critical",
        image=args.image,
        arguments=(
            "run",
            "--server",
            f"--addr=0.0.0.0:{API_PORT}",
            f"--diagnostic-addr=0.0.0.0:{DIAGNOSTICS_PORT}",
            "--authentication=token",
            "--authorization=basic",
            f"--config-file={POLICY_FOLDER}/{CONFIG_FILE}",
            "--log-format=json",
            # The decision log has every decision; the server's own line for each request says nothing more.
            "--log-level-request=debug",
            "--skip-version-check",
            f"--shutdown-wait-period={DRAIN_SECONDS}",
            f"--shutdown-grace-period={GRACE_SECONDS - 2 * DRAIN_SECONDS}",
            # Files are named one by one: of a directory it would also read Kubernetes' own hidden copies.
            *(f"{POLICY_FOLDER}/{name}" for name in sorted(args.policies)),
            f"catalog:{DATA_FOLDER}/{DATA_FILE}",
        ),
        replicas=Replicas(minimum=args.replicas, maximum=args.replicas),
        zones=args.zones,
        resources=Resources(cpu_request=args.cpu, cpu_limit=args.cpu * 4, memory=args.memory),
        ports=(Port(name="http", number=API_PORT), Port(name="diagnostics", number=DIAGNOSTICS_PORT)),
        probes=Probes(
            liveness=Probe(port="diagnostics", path="/health/live", period_seconds=20),
            readiness=Probe(port="diagnostics", path="/health/ready"),
        ),
        config_files=ConfigFiles(mount_path=POLICY_FOLDER, files=opa_files(args.policies, args.document)),
        shared_files=(SharedFiles(config_map=decision_data(args.document).name, mount_path=DATA_FOLDER),),
        secret_environment={token_variable(client): token_of(client) for client in args.clients},
        serves=("http", "diagnostics"),
        grace_seconds=GRACE_SECONDS,
    )


def token_variable(client: str) -> str:
    """Variable in which the server finds a client's token; infra/catalog/rego/authz.rego knows the beginning."""
    return f"OPA_TOKEN_{client.upper().replace('-', '_')}"


def token_secret(client: str) -> str:
    """Name of the Secret with a client's token, in the server's namespace and in the client's own."""
    return f"opa-client-{client}"


def token_of(client: str) -> SecretKey:
    """Reference to a client's token."""
    return SecretKey(secret=token_secret(client), key=TOKEN_KEY)
