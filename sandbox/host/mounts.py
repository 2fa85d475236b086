from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sandbox.host.api import Api, Fetch, config_data, secret_data
from sandbox.host.notyet import CREATING, NotYetError
from sandbox.host.variables import field_of, resource_of

Object = dict[str, Any]
Substitute = Callable[[str], str]
_TOKEN_SECONDS = 3600


class Volumes:
    """Makes the volumes of one pod.

    Args:
        api: Where ConfigMaps, Secrets, claims and tokens come from.
        pod: The pod.
        home: The pod's directory; what is made here goes with it.
        addresses: The values of ``status.podIP`` and ``status.hostIP``.
    """

    def __init__(self, api: Api, pod: Object, home: Path, addresses: Mapping[str, str]) -> None:
        self._api = api
        self._fetch: Fetch = api.find
        self._pod = pod
        self._home = home
        self._addresses = addresses
        self._namespace: str = pod["metadata"]["namespace"]
        self._tokens: dict[Path, Object] = {}

    async def locate(self, container: Object) -> dict[str, Path]:
        """The directory of each volume that a container mounts, before anything is written to it.

        Files that are written from objects are written for each container: paths in them are its own.

        Raises:
            NotYetError: A claim is not bound yet, or a volume is of a kind that cannot be had here.
        """
        places: dict[str, Path] = {}
        for volume in self._of(container):
            if "persistentVolumeClaim" in volume:
                places[volume["name"]] = await self._claimed(volume["persistentVolumeClaim"]["claimName"])
            elif "hostPath" in volume:
                raise NotYetError(CREATING, f"volume {volume['name']!r}: a directory of the node is not given to a pod")
            else:
                places[volume["name"]] = self._directory(volume, container)
        return places

    async def write(self, container: Object, substitute: Substitute) -> None:
        """Make every volume of a container that is not a claim, with what it holds.

        Args:
            container: The container.
            substitute: Puts names and paths of this machine into a text.

        Raises:
            NotYetError: Something that it is made from is missing.
        """
        for volume in self._of(container):
            if "persistentVolumeClaim" in volume:
                continue
            directory = self._directory(volume, container)
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            if "emptyDir" in volume:
                continue
            for path, content, mode in await self._files(volume, directory):
                _write(directory, path, content, mode, substitute)

    async def refresh_tokens(self) -> None:
        """Replace the service-account tokens by new ones, as the kubelet does before they expire."""
        for path, source in self._tokens.items():
            _replace(path, await self._token(source), 0o600)

    def _of(self, container: Object) -> list[Object]:
        mounted = {mount["name"] for mount in container.get("volumeMounts") or []}
        return [each for each in self._pod["spec"].get("volumes") or [] if each["name"] in mounted]

    def _directory(self, volume: Object, container: Object) -> Path:
        owner = "shared" if "emptyDir" in volume else str(container["name"])
        return self._home / "volumes" / owner / str(volume["name"])

    async def _claimed(self, name: str) -> Path:
        base = f"/api/v1/namespaces/{self._namespace}/persistentvolumeclaims/{name}"
        claim = await self._fetch(base)
        if claim is None:
            raise NotYetError(CREATING, f"there is no claim {name!r}")
        volume_name = claim["spec"].get("volumeName")
        if not volume_name or claim.get("status", {}).get("phase") != "Bound":
            raise NotYetError(CREATING, f"the claim {name!r} is not bound to a volume yet")
        volume = await self._fetch(f"/api/v1/persistentvolumes/{volume_name}")
        path = ((volume or {}).get("spec", {}).get("hostPath") or {}).get("path")
        if not path:
            raise NotYetError(CREATING, f"the volume {volume_name!r} of claim {name!r} is no directory of this machine")
        return made(Path(path))

    async def _files(self, volume: Object, directory: Path) -> list[tuple[str, bytes, int]]:
        if "configMap" in volume:
            return await self._keyed("ConfigMap", volume["configMap"], volume["configMap"]["name"], 0o600)
        if "secret" in volume:
            return await self._keyed("Secret", volume["secret"], volume["secret"]["secretName"], 0o600)
        if "downwardAPI" in volume:
            return self._downward(volume["downwardAPI"])
        if "projected" in volume:
            found: list[tuple[str, bytes, int]] = []
            for source in volume["projected"].get("sources") or []:
                found += await self._projected(source, directory)
            return found
        kinds = ", ".join(sorted(volume.keys() - {"name"}))
        raise NotYetError(CREATING, f"volume {volume['name']!r} is of a kind that cannot be had here: {kinds}")

    async def _projected(self, source: Object, directory: Path) -> list[tuple[str, bytes, int]]:
        if "configMap" in source:
            return await self._keyed("ConfigMap", source["configMap"], source["configMap"]["name"], 0o600)
        if "secret" in source:
            return await self._keyed("Secret", source["secret"], source["secret"]["name"], 0o600)
        if "downwardAPI" in source:
            return self._downward(source["downwardAPI"])
        if "serviceAccountToken" in source:
            wanted = source["serviceAccountToken"]
            self._tokens[directory / wanted["path"]] = wanted
            return [(wanted["path"], await self._token(wanted), 0o600)]
        raise NotYetError(CREATING, f"a projected volume has a source that cannot be had here: {', '.join(source)}")

    async def _keyed(self, kind: str, source: Object, name: str, mode: int) -> list[tuple[str, bytes, int]]:
        read = config_data if kind == "ConfigMap" else secret_data
        data = await read(self._fetch, self._namespace, name)
        if data is None:
            if source.get("optional"):
                return []
            raise NotYetError(CREATING, f"there is no {kind} {name!r}")
        items = source.get("items")
        if items is None:
            return [(key, value, mode) for key, value in sorted(data.items())]
        missing = [item["key"] for item in items if item["key"] not in data]
        if missing and not source.get("optional"):
            raise NotYetError(CREATING, f"{kind} {name!r} has no key {missing[0]!r}")
        return [(item["path"], data[item["key"]], mode) for item in items if item["key"] in data]

    def _downward(self, source: Object) -> list[tuple[str, bytes, int]]:
        files = []
        for item in source.get("items") or []:
            if "fieldRef" in item:
                text = field_of(self._pod, item["fieldRef"]["fieldPath"], self._addresses)
            else:
                reference = item["resourceFieldRef"]
                containers = {each["name"]: each for each in self._pod["spec"]["containers"]}
                text = resource_of(containers[reference["containerName"]], reference)
            files.append((item["path"], text.encode(), 0o600))
        return files

    async def _token(self, wanted: Object) -> bytes:
        account = self._pod["spec"].get("serviceAccountName") or "default"
        metadata = self._pod["metadata"]
        reference = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
        spec: Object = {"expirationSeconds": wanted.get("expirationSeconds", _TOKEN_SECONDS)}
        spec["boundObjectRef"] = reference
        if wanted.get("audience"):
            spec["audiences"] = [wanted["audience"]]
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        path = f"/api/v1/namespaces/{self._namespace}/serviceaccounts/{account}/token"
        answer = await self._api.request("POST", path, body)
        return str(answer["status"]["token"]).encode()


def mount_paths(container: Object, volumes: Mapping[str, Path], claims: frozenset[str] = frozenset()) -> dict[str, str]:
    """The mount paths of a container, and where each is on this machine.

    Args:
        container: The container.
        volumes: The directory of each volume.
        claims: The volumes in which the directory of a ``subPath`` is made when it is missing.
    """
    found: dict[str, str] = {}
    for mount in container.get("volumeMounts") or []:
        directory = volumes[mount["name"]]
        if mount.get("subPath"):
            directory = directory / mount["subPath"]
            if mount["name"] in claims:
                made(directory)
        found[str(mount["mountPath"]).rstrip("/") or "/"] = str(directory)
    found.pop("/", None)
    return found


def made(directory: Path) -> Path:
    """The directory, made when it is missing."""
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def remove(directory: Path) -> None:
    """Remove a pod's directory; a claim's directory is elsewhere and stays."""
    shutil.rmtree(directory, ignore_errors=True)


def _write(directory: Path, path: str, content: bytes, mode: int, substitute: Substitute) -> None:
    target = (directory / path).resolve()
    if not target.is_relative_to(directory.resolve()):
        raise NotYetError(CREATING, f"the path {path!r} of a volume leads out of it")
    with contextlib.suppress(UnicodeDecodeError):  # a binary file names nothing that could be replaced
        content = substitute(content.decode()).encode()
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _replace(target, content, mode)


def _replace(target: Path, content: bytes, mode: int) -> None:
    """Write a file so that a reader sees the old content or the new."""
    temporary = target.with_name(f".{target.name}.new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
    temporary.replace(target)
