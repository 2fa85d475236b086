"""Backups and restores as Velero's custom resources: made, waited for, removed."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.control_plane.api_client import ApiClient, ApiError
from sandbox.errors import SandboxError
from sandbox.recovery.declared import GROUP_PATH, Declared, Schedule
from sandbox.recovery.requests import delete
from sandbox.recovery.server import VeleroServer

DRILL_LABEL = "platform/drill"
SCHEDULE_LABEL = "velero.io/schedule-name"
_API_VERSION = "velero.io/v1"
_POLL_SECONDS = 0.2
_TOKEN_BYTES = 3
_READY_SECONDS = 60.0
_GOOD = "Completed"
_BAD = ("Failed", "PartiallyFailed", "FailedValidation")


@dataclass(frozen=True)
class Velero:
    """Velero of one cluster.

    Attributes:
        client: A client of its API server.
        declared: Where its resources are.
        tenant: Whose drill it is; everything that is made carries it.
        server: Its process, when the drill runs it.
        patience: Seconds to wait for a backup or a restore.
    """

    client: ApiClient
    declared: Declared
    tenant: str
    server: VeleroServer | None
    patience: float

    def await_location(self) -> None:
        """Wait until it has found the place for backups.

        Raises:
            SandboxError: It does not find it in time, or it ended.
        """
        path = self._path("backupstoragelocations", self.declared.location)
        status = self._await(path, lambda status: status.get("phase") == "Available", _READY_SECONDS)
        if status.get("phase") != "Available":
            raise SandboxError(
                f"Velero cannot use the place for backups: {status.get('message') or self._last_words()}",
                where=f"BackupStorageLocation {self.declared.namespace}/{self.declared.location}",
                fix="see that its bucket exists and that its role may use it",
            )

    def back_up(self, name: str, schedule: Schedule) -> str:
        """Make a backup as the schedule makes them, wait for it, and return its name.

        Raises:
            SandboxError: It failed, or failed in part.
        """
        labels = {SCHEDULE_LABEL: schedule.name}
        return self._make("Backup", "backups", name, labels, dict(schedule.template))

    def restore(self, name: str, spec: Mapping[str, Any]) -> None:
        """Restore, and wait for it.

        Raises:
            SandboxError: It failed, or failed in part.
        """
        self._make("Restore", "restores", name, {}, dict(spec))

    def remove_all(self) -> None:
        """Remove every backup and restore of this tenant's drills, those in the bucket too.

        Raises:
            SandboxError: A backup cannot be removed.
        """
        for name in self._names("restores"):
            self._delete(self._path("restores", name))
        names = self._names("backups")
        for name in names:
            body = self._manifest("DeleteBackupRequest", f"{name}-delete", {}, {"backupName": name})
            body["metadata"]["labels"] |= {"velero.io/backup-name": name}
            self._create("deletebackuprequests", body)
        self._await_end("restores")
        self._await_end("backups")
        for name in names:
            self._delete(self._path("deletebackuprequests", f"{name}-delete"))

    def _await_end(self, plural: str) -> None:
        end = time.monotonic() + _READY_SECONDS
        while left := self._names(plural):
            self._check()
            if time.monotonic() > end:
                raise SandboxError(
                    f"Velero does not remove {left[0]} of {plural}: {self._last_words()}",
                    fix="run the drill again: it removes what is left",
                )
            time.sleep(_POLL_SECONDS)

    def _make(self, kind: str, plural: str, name: str, labels: dict[str, str], spec: dict[str, Any]) -> str:
        # One of a killed drill may still be there under the same beginning, and may still be going.
        name = f"{name}-{secrets.token_hex(_TOKEN_BYTES)}"
        self._create(plural, self._manifest(kind, name, labels, spec))
        status = self._await(
            self._path(plural, name), lambda status: status.get("phase") in (_GOOD, *_BAD), self.patience
        )
        phase = status.get("phase") or "not begun"
        if phase != _GOOD:
            why = status.get("validationErrors") or status.get("failureReason") or self._last_words()
            counts = f"{status.get('errors', 0)} errors, {status.get('warnings', 0)} warnings"
            raise SandboxError(
                f"The {kind.lower()} {name} is {phase} ({counts}): {why}",
                where=f"{kind} {self.declared.namespace}/{name}",
                fix="mend the cause and run the same command again: it takes up where this one stopped",
            )
        return name

    def _manifest(self, kind: str, name: str, labels: dict[str, str], spec: dict[str, Any]) -> dict[str, Any]:
        metadata = {
            "name": name,
            "namespace": self.declared.namespace,
            "labels": {DRILL_LABEL: self.tenant, **labels},
        }
        return {"apiVersion": _API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}

    def _await(self, path: str, done: Callable[[Mapping[str, Any]], bool], seconds: float) -> Mapping[str, Any]:
        end = time.monotonic() + seconds
        while True:
            status: Mapping[str, Any] = self.client.get(path).get("status") or {}
            if done(status) or time.monotonic() > end:
                return status
            self._check()
            time.sleep(_POLL_SECONDS)

    def _names(self, plural: str) -> list[str]:
        query = f"labelSelector={DRILL_LABEL}%3D{self.tenant}"
        return [item["metadata"]["name"] for item in self.client.get(f"{self._path(plural)}?{query}")["items"]]

    def _path(self, plural: str, name: str = "") -> str:
        path = f"{GROUP_PATH}/namespaces/{self.declared.namespace}/{plural}"
        return f"{path}/{name}" if name else path

    def _create(self, plural: str, body: dict[str, Any]) -> None:
        try:
            self.client.request("POST", self._path(plural), body)
        except ApiError as error:
            if error.status != 409:  # made by a drill that did not end
                raise

    def _delete(self, path: str) -> None:
        delete(self.client, path)

    def _check(self) -> None:
        if self.server is not None:
            self.server.check()

    def _last_words(self) -> str:
        return self.server.last_words() if self.server else "see its log"
