"""Passwords that the program makes and keeps: one for each account of a server, where its clients can read it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi
import pulumi_random as random
from pydantic import Field

from infra.core.component import PlatformComponent
from infra.core.kubernetes_object import KubernetesObject
from infra.core.labels import Ownership, object_labels
from infra.core.models import Args

PASSWORD_LENGTH = 43
"""Letters and digits: 256 bits, as many as a key of HMAC-SHA-256 should have (RFC 7518, section 3.2), and nothing that
a shell, a URL or a configuration file would have to quote."""


def generated_password(component: PlatformComponent, role: str, length: int) -> pulumi.Output[str]:
    """A password of letters and digits, made once and kept in the state.

    Args:
        component: its parent.
        role: its role among the component's children.
        length: characters; each is worth 5.95 bits.
    """
    made = random.RandomPassword(component.child(role), length=length, special=False, opts=component.child_options())
    password: pulumi.Output[str] = made.result
    return password


def opaque_secret(
    name: str, namespace: str, key: str, value: pulumi.Output[str], *, component: str, ownership: Ownership
) -> dict[str, Any]:
    """The manifest of a Secret with one key.

    Args:
        name: its name.
        namespace: where it can be read.
        key: key inside it.
        value: what the key holds.
        component: part of the platform that it belongs to.
        ownership: who owns it.
    """
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": name, "namespace": namespace, "labels": object_labels(name, component, ownership)},
        "data": {key: value.apply(lambda text: base64.b64encode(text.encode()).decode())},
    }


class GeneratedSecret(Args):
    """One password and the Secrets that hold it."""

    name: str = Field(description="name of the Secret, the same in every namespace")
    key: str = Field(default="password", description="key inside the Secret")
    namespaces: tuple[str, ...] = Field(min_length=1, description="where it can be read")


class GeneratedSecretsArgs(Args):
    """Passwords of one part of the platform."""

    component: str = Field(description="part of the platform that they belong to")
    ownership: Ownership
    secrets: tuple[GeneratedSecret, ...] = Field(min_length=1)


class GeneratedSecrets(PlatformComponent):
    """A generated password for each entry, in a Secret of each of its namespaces.

    Args:
        ready: what must exist in each namespace before anything is declared there.
        content: what a Secret holds, from its password; the password itself when left out.

    Attributes:
        objects: the Secrets, which those who mount them depend on.
        values: what each of them holds, by its name.
    """

    DOMAIN = "core"
    objects: Sequence[KubernetesObject]
    values: Mapping[str, pulumi.Output[str]]

    def __init__(
        self,
        name: str,
        args: GeneratedSecretsArgs,
        *,
        ready: Mapping[str, Sequence[pulumi.Resource]],
        content: Callable[[str], str] = str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        objects: list[KubernetesObject] = []
        values: dict[str, pulumi.Output[str]] = {}
        for entry in args.secrets:
            value = values[entry.name] = generated_password(self, entry.name, PASSWORD_LENGTH).apply(content)
            for namespace in entry.namespaces:
                manifest = opaque_secret(
                    entry.name, namespace, entry.key, value, component=args.component, ownership=args.ownership
                )
                objects.append(self.declare(f"{entry.name}-{namespace}", manifest, after=ready[namespace]))
        self.objects, self.values = objects, values
        self.register_outputs({"secrets": [entry.name for entry in args.secrets]})
