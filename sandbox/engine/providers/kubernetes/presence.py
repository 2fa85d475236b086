"""Which names are taken: asked once for each kind and namespace instead of once for each object to create."""

from __future__ import annotations

import asyncio

from sandbox.engine.providers.kubernetes.apply import Address
from sandbox.engine.providers.kubernetes.client import ApiClient, Call

_NAMES_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""The media type with which the API server leaves out everything but metadata."""


class Presence:
    """Remembers the names in a place from when this run first created something there, and those made since."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._taken: dict[str, asyncio.Task[set[str]]] = {}

    async def maybe(self, address: Address) -> bool:
        """Tell whether an object may be there; from now on its name counts as taken.

        False is sure, but for what others make at the same moment. True wants a look at the object itself.

        Raises:
            ProviderError: the server cannot be asked.
        """
        place = address.mapping.collection(address.namespace)
        task = self._taken.get(place)
        if task is None:
            task = self._taken[place] = asyncio.ensure_future(self._list(place, address))
        try:
            taken = await asyncio.shield(task)
        except BaseException:
            if task.done():
                self._taken.pop(place, None)
            raise
        known = address.name in taken
        taken.add(address.name)
        return known

    async def _list(self, place: str, address: Address) -> set[str]:
        action = f"list the {address.mapping.plural} beside {address.title}"
        answer = await self._client.request(Call("GET", place, action, accept=_NAMES_ONLY))
        return {item["metadata"]["name"] for item in answer.get("items") or ()}
