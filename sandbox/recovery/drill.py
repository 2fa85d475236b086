"""The restore drill: back a tenant up, delete it, bring it back, and compare what it has with what it had."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.control_plane.api_client import ApiClient
from sandbox.control_plane.endpoints import Endpoints
from sandbox.errors import ConfigurationError, SandboxError
from sandbox.recovery import scaffold
from sandbox.recovery.declared import CLASS_LABEL, Declared, Schedule, own_schedules, read_declared
from sandbox.recovery.inventory import (
    TENANT_LABEL,
    Found,
    TenantInventory,
    differences,
    find,
    inventory,
    tenant_namespaces,
    tenants,
)
from sandbox.recovery.journal import Journal, read_journal
from sandbox.recovery.objects import TenantObjects
from sandbox.recovery.requests import delete, exists
from sandbox.recovery.server import running
from sandbox.recovery.velero import Velero

Progress = Callable[[str], None]
PATIENCE = 300.0
"""Seconds that one backup or restore may take; a tenant of the sandbox takes a few."""

_SETTLE_SECONDS = 60.0
_GONE_SECONDS = 120.0
_POLL_SECONDS = 0.3
_CANARY = "restore-drill/canary"


@dataclass(frozen=True)
class Outcome:
    """What a drill found.

    Attributes:
        tenant: The tenant.
        objects: Objects of the API server that it had.
        keys: Objects in S3 that it had.
        differences: What it has now and had not, or the other way round; empty when all came back.
        loss_hours: Hours of work that a disaster costs at most: the time between two backups, and what one takes.
        loss_limit: Hours that are allowed.
        outage_seconds: Seconds from the beginning of the deletion until everything was back.
        outage_limit: Seconds that are allowed.
        into: The scratch namespace that it was restored into; empty when it was deleted and restored in its place.
        assumed_hours: Hours between two backups, where no schedule says them and they are only assumed.
    """

    tenant: str
    objects: int
    keys: int
    differences: list[str]
    loss_hours: float
    loss_limit: float
    outage_seconds: float
    outage_limit: float
    into: str = ""
    assumed_hours: float | None = None

    @property
    def problems(self) -> list[str]:
        """Why it failed; empty when it did not."""
        found = []
        if self.differences:
            found.append(f"{len(self.differences)} differences between what the tenant had and what came back")
        if self.loss_hours > self.loss_limit:
            found.append(f"up to {self.loss_hours:.1f} h of work are lost, and {self.loss_limit:g} h are allowed")
        if self.outage_seconds > self.outage_limit:
            found.append(f"it took {self.outage_seconds:.0f} s, and {self.outage_limit:g} s are allowed")
        return found


@dataclass(frozen=True)
class Drill:
    """One drill on one running sandbox.

    Attributes:
        endpoints: The sandbox.
        client: A client of its API server.
        home: A directory for the drill's files.
        project: The project's directory, with the catalog.
        tenant: The tenant.
        progress: Told of each step.
    """

    endpoints: Endpoints
    client: ApiClient
    home: Path
    project: Path
    tenant: str
    progress: Progress

    def run(self, *, into: str = "") -> Outcome:
        """Do it, or take up one that was killed.

        Args:
            into: A scratch namespace to restore into; then nothing of the tenant is deleted.

        Raises:
            ConfigurationError: There is no such tenant, or the scratch namespace exists.
            SandboxError: A step failed; the same command takes it up again.
        """
        journal = self._journal(into)
        objects = TenantObjects(self.endpoints.moto_url, self.tenant)
        declared = self._declared(journal, objects)
        scaffold.stand_in(self.client, journal, declared.namespace)
        if not journal.policies:
            journal.policies = objects.policies()
            journal.write()
        objects.suspend(journal.policies)
        bucket = objects.versioned_bucket(without=journal.bucket)
        with running(self.endpoints, self.home, declared.namespace, self.progress) as server:
            velero = Velero(self.client, declared, self.tenant, server, PATIENCE)
            self.progress("waiting until Velero finds the place for backups")
            velero.await_location()
            if not journal.backups:
                if bucket:
                    objects.put(bucket, _CANARY, self.tenant.encode())
                self._back_up(velero, journal, objects)
            schedules = [declared.schedule_of(each["namespace"]) for each in journal.backups]
            outcome = self._trial(velero, journal, schedules, into) if into else None
            outcome = outcome or self._disaster(velero, journal, schedules, objects)
            self.progress("removing what the drill made")
            velero.remove_all()
        if bucket:
            objects.erase(bucket, _CANARY)
        objects.resume(journal.policies)
        scaffold.remove(self.client, objects.client, journal)
        journal.remove()
        return outcome

    def _journal(self, into: str) -> Journal:
        path = self.home / f"{self.tenant}.json"
        journal = read_journal(path)
        if journal is not None:
            if into and journal.disaster:
                raise ConfigurationError(
                    f"An earlier drill has deleted the tenant {self.tenant} and did not end",
                    where=str(path),
                    fix="run it again without --into: it brings the tenant back",
                )
            self.progress(f"taking up the drill {journal.drill}, which did not end")
            return journal
        for other in sorted(self.home.glob("*.json")):
            raise SandboxError(
                f"A drill of the tenant {other.stem} did not end",
                where=str(other),
                fix=f"end it first: the same command with --tenant {other.stem}",
            )
        namespaces = tenant_namespaces(self.client, self.tenant)
        if not namespaces or self.tenant not in tenants(self.client):
            known = ", ".join(tenants(self.client)) or "none"
            raise ConfigurationError(
                f"There is no tenant {self.tenant!r} in this sandbox", where="--tenant", fix=f"use one of: {known}"
            )
        if into and exists(self.client, f"/api/v1/namespaces/{into}"):
            raise ConfigurationError(
                f"The namespace {into} exists, and what is in it would be mixed with the tenant's",
                where="--into",
                fix="name one that does not exist; the drill makes it and removes it",
            )
        drill = f"drill-{self.tenant}-{datetime.now(UTC):%Y%m%d%H%M%S}"
        return Journal(path=path, tenant=self.tenant, drill=drill, namespaces=namespaces)

    def _declared(self, journal: Journal, objects: TenantObjects) -> Declared:
        declared = None if journal.bucket else read_declared(self.client)
        if declared is not None:
            return declared
        self.progress("the stack declares no backups: making a place for this drill")
        made = scaffold.build(self.client, objects.client, self.project, journal)
        return Declared(
            made.namespace, made.location, own_schedules(self.project, self._groups(journal), made.location)
        )

    def _groups(self, journal: Journal) -> Iterator[tuple[str, str, list[str]]]:
        classes = {
            item["metadata"]["name"]: (item["metadata"].get("labels") or {}).get(CLASS_LABEL, "internal")
            for item in self.client.get("/api/v1/namespaces")["items"]
            if not item["metadata"].get("deletionTimestamp")  # what is in it goes while it is backed up
        }
        strictest = "internal" if not journal.namespaces else classes.get(journal.namespaces[0], "internal")
        yield f"tenant-{self.tenant}", strictest, journal.namespaces
        others: dict[str, list[str]] = {}
        for name, data_class in classes.items():
            if name not in journal.namespaces:
                others.setdefault(data_class, []).append(name)
        for data_class, names in sorted(others.items()):
            yield f"platform-{data_class}", data_class, sorted(names)

    def _back_up(self, velero: Velero, journal: Journal, objects: TenantObjects) -> None:
        found = find(self.client, self.tenant, journal.namespaces)
        places = self._places(found, journal)
        schedules: dict[str, tuple[Schedule, str]] = {}
        for place in places:
            schedule = velero.declared.schedule_of(place)
            schedules.setdefault(schedule.name, (schedule, place))
        journal.inventory = inventory(found).to_json()
        journal.objects = objects.contents()
        journal.saved = time.time()
        backups = []
        for number, (schedule, place) in enumerate(schedules.values()):
            self.progress(f"backing up as schedule {schedule.name} does")
            name = velero.back_up(f"{journal.drill}-{number}", schedule)
            backups.append({"backup": name, "schedule": schedule.name, "namespace": place})
        journal.backup_seconds = time.time() - journal.saved
        journal.backups = backups
        journal.write()

    def _places(self, found: list[Found], journal: Journal) -> list[str]:
        homes = set(journal.namespaces)
        stray = [each for each in found if not each.namespace and each.manifest["metadata"]["name"] not in homes]
        if stray:
            raise SandboxError(
                f"{stray[0].resource.kind} {stray[0].manifest['metadata']['name']} is the tenant's and in no namespace:"
                " no schedule backs it up",
                fix="declare it in a namespace, or without the tenant's label",
            )
        return [*journal.namespaces, *sorted({each.namespace for each in found} - homes - {""})]

    def _disaster(self, velero: Velero, journal: Journal, schedules: list[Schedule], objects: TenantObjects) -> Outcome:
        if not journal.disaster:
            journal.disaster = time.time()
            journal.write()
        # Markers carry whole seconds.
        since = datetime.fromtimestamp(int(journal.disaster), UTC)
        before = TenantInventory.from_json(journal.inventory)
        self.progress(f"deleting the tenant: {len(before.objects)} objects, {len(journal.objects)} in S3")
        self._delete(journal, objects)
        for number, backup in enumerate(journal.backups):
            self.progress(f"restoring from {backup['backup']}")
            velero.restore(f"{journal.drill}-{number}-back", self._restore_spec(backup, journal))
        objects.restore(since)
        after = self._settled(journal.namespaces, before)
        lines = differences(before, after)
        lines += [f"- s3 {key}" for key in sorted(journal.objects.keys() - objects.contents().keys())]
        lines += [f"~ s3 {key}" for key, tag in objects.contents().items() if journal.objects.get(key, tag) != tag]
        return self._outcome(journal, schedules, lines, time.time() - journal.disaster)

    def _trial(self, velero: Velero, journal: Journal, schedules: list[Schedule], into: str) -> Outcome:
        begin = time.time()
        (home,) = self._only(journal.namespaces)
        backup = journal.backups[0]
        self.progress(f"restoring {home} from {backup['backup']} into {into}; nothing is deleted")
        spec = {"backupName": backup["backup"], "includedNamespaces": [home], "namespaceMapping": {home: into}}
        try:
            velero.restore(f"{journal.drill}-into", spec)
            before = _within(TenantInventory.from_json(journal.inventory), home, home)
            after = self._settled([into], before, rename=(into, home))
        finally:
            delete(self.client, f"/api/v1/namespaces/{into}")
        return self._outcome(journal, schedules[:1], differences(before, after), time.time() - begin, into)

    def _only(self, namespaces: list[str]) -> list[str]:
        if len(namespaces) != 1:
            raise ConfigurationError(
                f"The tenant has {len(namespaces)} namespaces, which do not fit into one", where="--into"
            )
        return namespaces

    def _restore_spec(self, backup: dict[str, Any], journal: Journal) -> dict[str, Any]:
        if backup["namespace"] in journal.namespaces:
            return {"backupName": backup["backup"], "includedNamespaces": journal.namespaces}
        selector = {"matchLabels": {TENANT_LABEL: self.tenant}}
        return {"backupName": backup["backup"], "labelSelector": selector}

    def _delete(self, journal: Journal, objects: TenantObjects) -> None:
        objects.delete()
        for each in find(self.client, self.tenant, journal.namespaces):
            if each.namespace and each.namespace not in journal.namespaces:
                delete(self.client, each.path)
        for namespace in journal.namespaces:
            delete(self.client, f"/api/v1/namespaces/{namespace}")
        end = time.monotonic() + _GONE_SECONDS
        while left := [each for each in journal.namespaces if exists(self.client, f"/api/v1/namespaces/{each}")]:
            if time.monotonic() > end:
                raise SandboxError(
                    f"The namespace {left[0]} does not go", fix="look at its conditions: kubectl describe namespace"
                )
            time.sleep(_POLL_SECONDS)

    def _settled(
        self, namespaces: list[str], before: TenantInventory, *, rename: tuple[str, str] | None = None
    ) -> TenantInventory:
        """What is there once controllers have made theirs again, or when their time is over."""
        end = time.monotonic() + _SETTLE_SECONDS
        while True:
            tenant = "" if rename else self.tenant
            after = inventory(find(self.client, tenant, namespaces))
            after = _within(after, *rename) if rename else after
            if not differences(before, after) or time.monotonic() > end:
                return after
            time.sleep(_POLL_SECONDS)

    def _outcome(
        self, journal: Journal, schedules: list[Schedule], lines: list[str], outage: float, into: str = ""
    ) -> Outcome:
        worst = max(schedules, key=lambda each: each.hours / each.loss_hours)
        return Outcome(
            tenant=self.tenant,
            objects=len(journal.inventory["objects"]),
            keys=len(journal.objects),
            differences=lines,
            loss_hours=worst.hours + journal.backup_seconds / 3600,
            loss_limit=worst.loss_hours,
            outage_seconds=outage,
            outage_limit=min(each.outage_minutes for each in schedules) * 60,
            into=into,
            assumed_hours=worst.hours if worst.assumed else None,
        )


def _within(found: TenantInventory, namespace: str, name: str) -> TenantInventory:
    """The part of an inventory that is in one namespace, under another name of it."""

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: renamed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [renamed(item) for item in value]
        return name if value == namespace else value

    objects = {
        key.replace(f" {namespace}/", f" {name}/"): renamed(value)
        for key, value in found.objects.items()
        if f" {namespace}/" in key
    }
    derived = {
        key.replace(f" in {namespace}", f" in {name}"): count
        for key, count in found.derived.items()
        if key.endswith(f" in {namespace}")
    }
    return TenantInventory(objects, derived)
