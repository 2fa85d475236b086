"""What the stack declares about backups: where they go, what each schedule covers, and what it promises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.control_plane.api_client import ApiClient, ApiError
from sandbox.errors import SandboxError

GROUP_PATH = "/apis/velero.io/v1"
LOSS_ANNOTATION = "platform/loss-hours"
OUTAGE_ANNOTATION = "platform/outage-minutes"
CLASS_LABEL = "platform/data-class"
CATALOG = Path("infra", "catalog", "recovery.yaml")
HOURS_A_DAY = 24
_RUNS_A_LOSS = 2
"""Backups in the time that may be lost, so that one may fail: as the program's own schedules have it."""


@dataclass(frozen=True)
class Schedule:
    """One schedule.

    Attributes:
        name: Its name.
        template: What each of its backups holds.
        hours: Hours between two backups.
        loss_hours: Hours of work that may be lost.
        outage_minutes: Minutes that what it covers may be away.
        assumed: Whether the stack declares none, and this is what one would be that the catalog allows.
    """

    name: str
    template: dict[str, Any]
    hours: float
    loss_hours: float
    outage_minutes: float
    assumed: bool = False

    def covers(self, namespace: str) -> bool:
        """Whether its backups hold everything of a namespace."""
        included = self.template.get("includedNamespaces") or ["*"]
        excluded = self.template.get("excludedNamespaces") or []
        whole = not (self.template.get("labelSelector") or self.template.get("orLabelSelectors"))
        return whole and namespace not in excluded and bool({"*", namespace} & set(included))


@dataclass(frozen=True)
class Declared:
    """Where a stack's backups go, and when they run.

    Attributes:
        namespace: The namespace of Velero's custom resources.
        location: Name of the location.
        schedules: Every schedule.
    """

    namespace: str
    location: str
    schedules: tuple[Schedule, ...]

    def schedule_of(self, namespace: str) -> Schedule:
        """The schedule that covers a namespace; the one that loses least when there are several.

        Raises:
            SandboxError: None does.
        """
        covering = [each for each in self.schedules if each.covers(namespace)]
        if not covering:
            raise SandboxError(
                f"No schedule backs up the namespace {namespace}",
                where="Schedules of velero.io",
                fix="declare one: each namespace of the program has one, so this was made by somebody else",
            )
        return min(covering, key=lambda each: each.loss_hours)


def read_declared(client: ApiClient) -> Declared | None:
    """What is declared in a cluster; None when it has no default location for backups.

    Raises:
        ApiError: The API server refused or did not answer.
        SandboxError: A schedule does not say what it promises.
    """
    try:
        locations = client.get(f"{GROUP_PATH}/backupstoragelocations")["items"]
    except ApiError as error:
        if error.status == 404:
            return None
        raise
    chosen = [item for item in locations if item["spec"].get("default")]
    if not chosen:
        return None
    metadata = chosen[0]["metadata"]
    schedules = client.get(f"{GROUP_PATH}/namespaces/{metadata['namespace']}/schedules")["items"]
    return Declared(metadata["namespace"], metadata["name"], tuple(map(read_schedule, schedules)))


def read_schedule(manifest: Mapping[str, Any]) -> Schedule:
    """A Schedule, as the API server has it.

    Raises:
        SandboxError: It does not say what it promises, or its times are of a kind that nothing here declares.
    """
    metadata, spec = manifest["metadata"], manifest["spec"]
    annotations = metadata.get("annotations") or {}
    try:
        loss, outage = float(annotations[LOSS_ANNOTATION]), float(annotations[OUTAGE_ANNOTATION])
        hours = interval_hours(spec["schedule"])
    except (KeyError, ValueError) as error:
        raise SandboxError(
            f"The schedule {metadata['name']} does not say when it runs and what may be lost: {error}",
            where=f"annotations {LOSS_ANNOTATION} and {OUTAGE_ANNOTATION}, spec.schedule {spec.get('schedule')!r}",
            fix="declare it as the program does, with numbers there and hours that are a list or *",
        ) from error
    return Schedule(metadata["name"], dict(spec["template"]), hours, loss, outage)


def interval_hours(cron: str) -> float:
    """Longest time between two runs of ``<minute> <hours> * * *``, in hours.

    Raises:
        ValueError: It is written in another way.
    """
    minute, hours, *rest = cron.split()
    if rest != ["*"] * 3 or not minute.isdigit():
        raise ValueError(f"{cron!r} is not '<minute> <hours> * * *'")
    if hours == "*":
        return 1.0
    times = sorted({int(hour) for hour in hours.split(",")})
    return float(
        max(later - earlier for earlier, later in zip(times, [*times[1:], times[0] + HOURS_A_DAY], strict=True))
    )


def promised(root: Path, data_class: str) -> tuple[float, float]:
    """Hours of loss and minutes of outage that the catalog allows for a class, where no schedule says it.

    Raises:
        SandboxError: The catalog does not say it.
    """
    path = root / CATALOG
    try:
        entry = yaml.safe_load(path.read_text(encoding="utf-8"))["classes"][data_class]
        return float(entry["lossHours"]), float(entry["outageMinutes"])
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise SandboxError(
            f"The catalog does not say what may be lost of the class {data_class!r}", where=str(path)
        ) from error


def own_schedules(root: Path, groups: Iterable[tuple[str, str, list[str]]], location: str) -> tuple[Schedule, ...]:
    """Schedules for a stack that declares none, as strict as the catalog.

    Args:
        root: The project's directory.
        groups: Name, class of data and namespaces of each.
        location: Where their backups go.

    Raises:
        SandboxError: The catalog does not say what may be lost of a class.
    """
    made = []
    for name, data_class, namespaces in groups:
        loss, outage = promised(root, data_class)
        template = {"includedNamespaces": namespaces, "storageLocation": location, "snapshotVolumes": False}
        made.append(Schedule(name, template, loss / _RUNS_A_LOSS, loss, outage, assumed=True))
    return tuple(made)
