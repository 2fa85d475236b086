"""Which kinds the API server serves, and under which path."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from sandbox.engine.provider import ProviderError
from sandbox.engine.providers.kubernetes.client import ApiClient, Call
from sandbox.engine.providers.kubernetes.kinds import Kind
from sandbox.engine.values import Json

_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_FRESH = 1.0
"""Seconds during which a list is not fetched again for a kind that it lacks."""
_SERVED_STEP = 0.1


@dataclass(frozen=True)
class Mapping:
    """How the objects of one kind are addressed.

    Attributes:
        kind: group, version and kind.
        plural: the resource name in paths.
        namespaced: whether its objects live in namespaces.
    """

    kind: Kind
    plural: str
    namespaced: bool

    def collection(self, namespace: str = "") -> str:
        """The path of all objects, or of those in one namespace."""
        root = f"/apis/{self.kind.group}" if self.kind.group else "/api"
        scope = f"/namespaces/{quote(namespace, safe='')}" if self.namespaced and namespace else ""
        return f"{root}/{self.kind.version}{scope}/{self.plural}"

    def path(self, namespace: str, name: str) -> str:
        """The path of one object."""
        return f"{self.collection(namespace)}/{quote(name, safe='')}"


class UnknownKindError(ProviderError):
    """The API server does not serve this kind."""

    def __init__(self, kind: Kind, url: str) -> None:
        hint = "declare its CustomResourceDefinition and depend on it" if kind.custom else "check its apiVersion"
        super().__init__(f"{kind}: the API server at {url} does not serve this kind; {hint}")
        self.kind = kind


def parse(document: Json) -> Iterator[Mapping]:
    """Read an aggregated discovery document (apidiscovery.k8s.io/v2 APIGroupDiscoveryList)."""
    for group in document.get("items") or ():
        name = (group.get("metadata") or {}).get("name") or ""
        for version in group.get("versions") or ():
            for resource in version.get("resources") or ():
                # an unset kind means an API that is only known by its subresources
                kind = (resource.get("responseKind") or {}).get("kind")
                if kind and {"get", "patch"} <= set(resource.get("verbs") or ()):
                    yield Mapping(
                        Kind(name, version["version"], kind), resource["resource"], resource["scope"] == "Namespaced"
                    )


class Discovery:
    """The kinds the server serves, fetched once and again when one is missing (definitions appear during a run)."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._kinds: dict[Kind, Mapping] = {}
        self._fetched = float("-inf")
        self._lock = asyncio.Lock()

    async def mapping(self, kind: Kind, *, patience: float = 0.0) -> Mapping:
        """Return how a kind is addressed.

        Args:
            kind: what is wanted.
            patience: seconds to wait for a kind whose definition was only just established.

        Raises:
            UnknownKindError: the server does not serve it.
        """
        deadline = time.monotonic() + patience
        while True:
            asked = time.monotonic()
            if kind not in self._kinds:
                await self._refresh(asked - (0.0 if patience else _FRESH))
            if kind in self._kinds:
                return self._kinds[kind]
            if time.monotonic() >= deadline:
                raise UnknownKindError(kind, self._client.url)
            await asyncio.sleep(_SERVED_STEP)

    def forget(self, group: str) -> None:
        """Drop what is known of an API group, because a definition in it changed or went."""
        self._kinds = {kind: mapping for kind, mapping in self._kinds.items() if kind.group != group}
        self._fetched = float("-inf")

    async def _refresh(self, older_than: float) -> None:
        async with self._lock:
            if self._fetched >= older_than:
                return
            started = time.monotonic()
            documents = [await self._fetch("/api"), await self._fetch("/apis")]
            self._kinds = {mapping.kind: mapping for document in documents for mapping in parse(document)}
            self._fetched = started

    async def _fetch(self, path: str) -> Json:
        document = await self._client.request(Call("GET", path, "list the API's kinds", accept=_AGGREGATED))
        if not isinstance(document, dict) or document.get("kind") != "APIGroupDiscoveryList":
            raise ProviderError(
                f"{self._client.url}{path} answered, but not like a Kubernetes API server of 1.30 or newer "
                "(no APIGroupDiscoveryList); check which program listens there"
            )
        return document
