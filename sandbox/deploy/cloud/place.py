"""Where a stack of the cloud is pinned to: account, region, cluster, state bucket and key, from its file."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from sandbox.errors import ConfigurationError
from sandbox.project import Project, load_stack

BUCKET_NAME_LENGTH = 63
"""Longest S3 bucket name (Amazon S3 User Guide, bucket naming rules)."""

_PROVIDER = re.compile(r"^awskms://(?P<key>[A-Za-z0-9/_-]+)\?region=(?P<region>[a-z0-9-]+)$")


@dataclass(frozen=True)
class CloudPlace:
    """Where a stack of the cloud lives.

    Attributes:
        project: the Pulumi project.
        stack: the stack.
        file: name of the stack's file, for errors.
        account: twelve digits.
        region: the region of everything, state and key included.
        cluster: `eks` when the program makes the cluster, else `kubeconfig`.
        context: the context of the kubeconfig; "" for the current one.
        zones: letters of the zones that the network spans; none when the program makes no network.
        secrets_provider: the key of the stack's secrets, as Pulumi's address of it; "" when the file names none.
        encrypted: whether the file carries the data key that `pulumi stack init` made.
        backend: a backend that the environment names in the place of the stack's bucket; "" for none.
    """

    project: str
    stack: str
    file: str
    account: str
    region: str
    cluster: str
    context: str = ""
    zones: tuple[str, ...] = ()
    secrets_provider: str = ""
    encrypted: bool = False
    backend: str = ""

    @property
    def bucket(self) -> str:
        """The bucket of the stack's state: it carries the account, so that no two can clash."""
        return f"{self.project}-{self.stack}-state-{self.account}"

    @property
    def backend_url(self) -> str:
        """The backend's address, as `pulumi login` takes it."""
        return self.backend or f"s3://{self.bucket}?region={self.region}"

    @property
    def key_alias(self) -> str:
        """The alias of the key that encrypts state and secrets."""
        return f"alias/{self.project}-{self.stack}-state"

    @property
    def own_secrets_provider(self) -> str:
        """The address of that key, as Pulumi writes it."""
        return f"awskms://{self.key_alias}?region={self.region}"


def cloud_place(project: Project, stack: str, *, environment: Mapping[str, str] = os.environ) -> CloudPlace | None:
    """Read where a stack lives; None for one that names no AWS account, such as `local`.

    Raises:
        ConfigurationError: the file cannot be read, or what it says of its place makes no sense.
    """
    values = load_stack(project, stack, environment=environment).values
    aws = _section(values, project, "aws")
    if "accountId" not in aws or "region" not in aws or stack == "local":
        return None
    cluster, eks = _section(values, project, "cluster"), _section(values, project, "eks")
    kind = str(cluster.get("kind", "kubeconfig"))
    settings = yaml.safe_load(project.stack_file(stack).read_text(encoding="utf-8"))
    place = CloudPlace(
        project=project.name,
        stack=stack,
        file=project.stack_file(stack).name,
        account=str(aws["accountId"]),
        region=str(aws["region"]),
        cluster=kind,
        context=str(cluster.get("context") or ""),
        zones=tuple(eks.get("zones", ())) if kind == "eks" else (),
        secrets_provider=str(settings.get("secretsprovider", "")),
        encrypted=bool(settings.get("encryptedkey")),
        backend=environment.get("PULUMI_BACKEND_URL", ""),
    )
    _assert_possible(place)
    return place


def _section(values: Mapping[str, str], project: Project, name: str) -> dict[str, Any]:
    try:
        section = json.loads(values.get(f"{project.name}:{name}", "{}"))
    except ValueError:
        return {}
    return section if isinstance(section, dict) else {}


def _assert_possible(place: CloudPlace) -> None:
    if not re.fullmatch(r"[0-9]{12}", place.account):
        raise ConfigurationError(
            f"the account id {place.account!r} does not have twelve digits",
            where=f"{place.file}: {place.project}:aws.accountId",
            fix='write it in quotes, such as "111122223333"',
        )
    if len(place.bucket) > BUCKET_NAME_LENGTH:
        raise ConfigurationError(
            f"the state bucket's name {place.bucket!r} has {len(place.bucket)} characters, and S3 takes at most "
            f"{BUCKET_NAME_LENGTH}",
            where="Pulumi.yaml: name",
            fix="use a shorter name of project or stack",
        )
    found = _PROVIDER.match(place.secrets_provider)
    if found is not None and found["region"] != place.region:
        raise ConfigurationError(
            f"the key of the secrets is in {found['region']}, and the stack in {place.region}",
            where=f"{place.file}: secretsprovider",
            fix=f"write {place.own_secrets_provider}",
        )
