from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]
_REPLACE = {"$patch": "replace"}  # these lists are merged otherwise, and an address of before would stay


def timestamp(moment: dt.datetime | None = None) -> str:
    """A moment, by default now, as Kubernetes writes it: UTC, whole seconds."""
    return (moment or dt.datetime.now(dt.UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class ContainerState:
    """What is known of one container of a pod.

    Attributes:
        name: Its name.
        image: Its image.
        restarts: How often it was started again.
        ready: Whether it may get traffic.
        started: Whether it runs and its startup probe, if any, has passed.
        pid: The process; None when none runs.
        begun: When the process was started, as text.
        waiting: Reason and message while it waits to be started; None when it does not.
        ended: How the last run ended: exit code, reason, start and end; None when it never did.
        done: Whether it has ended for good.
    """

    name: str
    image: str
    restarts: int = 0
    ready: bool = False
    started: bool = False
    pid: int | None = None
    begun: str = ""
    waiting: tuple[str, str] | None = ("ContainerCreating", "")
    ended: Object | None = None
    done: bool = False

    def end(self, exit_code: int, *, reason: str = "", message: str = "") -> None:
        """Note that the process ended.

        Args:
            exit_code: Its status.
            reason: One word; by default whether it went well.
            message: Its last words, when it did not.
        """
        self.ended = {
            "exitCode": exit_code,
            "reason": reason or ("Completed" if exit_code == 0 else "Error"),
            "startedAt": self.begun or timestamp(),
            "finishedAt": timestamp(),
            **({"message": message} if message else {}),
            **({"containerID": f"process://{self.pid}"} if self.pid else {}),
        }
        self.pid, self.ready, self.started = None, False, False

    def to_json(self) -> Object:
        """As an entry of ``containerStatuses``."""
        entry: Object = {
            "name": self.name,
            "image": self.image,
            "imageID": "",
            "ready": self.ready,
            "started": self.started,
            "restartCount": self.restarts,
        }
        if self.pid is not None:
            entry["state"] = {"running": {"startedAt": self.begun}}
            entry["containerID"] = f"process://{self.pid}"
        elif self.done and self.ended is not None:
            entry["state"] = {"terminated": self.ended}
            return entry
        else:
            reason, message = self.waiting or ("ContainerCreating", "")
            entry["state"] = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
        if self.ended is not None:
            entry["lastState"] = {"terminated": self.ended}
        return entry


@dataclass
class PodState:
    """What is known of a pod.

    Attributes:
        ip: The address that it reports.
        host_ip: The address of its node.
        begun: When the agent took it up, as text.
        first: The containers that run one after the other before the others.
        main: The others.
        initialized: Whether the first ones are through.
        failed: Whether it has failed for good before its containers could run.
    """

    ip: str
    host_ip: str
    begun: str
    first: list[ContainerState] = field(default_factory=list)
    main: list[ContainerState] = field(default_factory=list)
    initialized: bool = False
    failed: bool = False

    @property
    def ready(self) -> bool:
        """Whether the pod may get traffic."""
        return self.initialized and all(each.ready for each in self.main)

    @property
    def phase(self) -> str:
        """The phase, by the kubelet's rules."""
        if self.failed:
            return "Failed"
        if self.main and all(each.done for each in self.main):
            codes = [(each.ended or {}).get("exitCode", 1) for each in self.main]
            return "Failed" if any(codes) else "Succeeded"
        began = all(each.pid is not None or each.ended is not None for each in self.main)
        return "Running" if self.initialized and began else "Pending"

    def to_json(self, former: Object) -> Object:
        """The status, for a strategic merge patch.

        Args:
            former: The status before, whose times stay where nothing changed.
        """
        status: Object = {
            "phase": self.phase,
            "startTime": self.begun,
            "hostIP": self.host_ip,
            "hostIPs": [_REPLACE, {"ip": self.host_ip}],
            "podIP": self.ip,
            "podIPs": [_REPLACE, {"ip": self.ip}],
            "conditions": self._conditions(former),
            "containerStatuses": [each.to_json() for each in self.main],
        }
        if self.first:
            status["initContainerStatuses"] = [each.to_json() for each in self.first]
        return status

    def _conditions(self, former: Object) -> list[Object]:
        unready = [each.name for each in self.main if not each.ready]
        over = self.phase in ("Succeeded", "Failed")
        why: Object = {}
        if unready:
            message = f"containers with unready status: [{' '.join(unready)}]"
            why = {"reason": "PodCompleted"} if over else {"reason": "ContainersNotReady", "message": message}
        begun: Object = {}
        if not self.initialized:
            names = " ".join(each.name for each in self.first if not each.done)
            begun = {"reason": "ContainersNotInitialized", "message": f"containers with incomplete status: [{names}]"}
        wanted = [
            ("PodReadyToStartContainers", not over, {}),
            ("Initialized", self.initialized, begun),
            ("ContainersReady", self.ready, why),
            ("Ready", self.ready, why),
        ]
        known = {each["type"]: each for each in former.get("conditions") or []}
        now = timestamp()
        conditions = []
        for kind, holds, reason in wanted:
            said = "True" if holds else "False"
            before = known.get(kind, {})
            since = before.get("lastTransitionTime", now) if before.get("status") == said else now
            cleared = {"reason": None, "message": None}  # or the merge would keep what was wrong before
            conditions.append({"type": kind, "status": said, "lastTransitionTime": since, **cleared, **reason})
        return conditions
