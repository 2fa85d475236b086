"""Why an object is not ready, in a few lines for a person."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence

from sandbox.engine.provider import ProviderError
from sandbox.engine.providers.kubernetes.client import ApiClient, Call
from sandbox.engine.providers.kubernetes.discovery import Discovery
from sandbox.engine.providers.kubernetes.kinds import Kind
from sandbox.engine.providers.kubernetes.readiness import conditions
from sandbox.engine.values import PropertyMap, get_path

_SECONDS = 8.0
"""How long the questions of a diagnosis may take together."""
_PODS = 3
_EVENTS = 4
_LONGEST = 400
_BAD_WHEN_TRUE = frozenset({"Failed", "FailureTarget", "ReplicaFailure", "Suspended"})
_EVENT = Kind("", "v1", "Event")
_POD = Kind("", "v1", "Pod")


async def diagnose(client: ApiClient, discovery: Discovery, live: PropertyMap) -> list[str]:
    """Ask for an object's pods and events, and render them with its conditions; says so when they cannot be had."""
    try:
        async with asyncio.timeout(_SECONDS):
            pods = [one for one in await _pods(client, discovery, live) if not _is_ready(one)]
            events = await _events(client, discovery, [live, *pods[:_PODS]])
    except (ProviderError, TimeoutError) as error:
        reason = str(error) or f"no answer within {_SECONDS:.0f} s"
        return [*render(live, [], []), f"its pods and events cannot be read: {reason}"]
    return render(live, pods, events)


async def _pods(client: ApiClient, discovery: Discovery, live: PropertyMap) -> list[PropertyMap]:
    if live.get("kind") == "Pod":
        return [live]
    selector = get_path(live, ("spec", "selector"))
    labels = selector.get("matchLabels", selector) if isinstance(selector, dict) else None
    if not labels or not all(isinstance(value, str) for value in labels.values()):
        return []
    mapping = await discovery.mapping(_POD)
    params = (("labelSelector", ",".join(f"{key}={value}" for key, value in labels.items())),)
    path = mapping.collection(live["metadata"]["namespace"])
    return list((await client.request(Call("GET", path, "list pods", params))).get("items") or ())


async def _events(client: ApiClient, discovery: Discovery, objects: Iterable[PropertyMap]) -> list[PropertyMap]:
    mapping = await discovery.mapping(_EVENT)
    found: list[PropertyMap] = []
    for obj in objects:
        metadata = obj["metadata"]
        # events about cluster-wide objects are kept in the namespace default
        path = mapping.collection(metadata.get("namespace") or "default")
        params = (("fieldSelector", f"involvedObject.uid={metadata['uid']}"), ("limit", "50"))
        found += (await client.request(Call("GET", path, "list events", params))).get("items") or ()
    return found


def render(live: PropertyMap, pods: Sequence[PropertyMap], events: Sequence[PropertyMap]) -> list[str]:
    """Write what is wrong: the object's own conditions, its pods that are not ready, the last warnings."""
    lines = list(_condition_lines(live))
    if live["metadata"].get("deletionTimestamp"):
        lines.append(f"it is being deleted since {live['metadata']['deletionTimestamp']}")
    waiting = [one for one in pods if not _is_ready(one)]
    for one in waiting[:_PODS]:
        lines += [f"pod {one['metadata']['name']}: {text}" for text in pod_troubles(one)]
    if len(waiting) > _PODS:
        lines.append(f"{len(waiting) - _PODS} more pods are not ready")
    warnings = sorted((event for event in events if event.get("type") == "Warning"), key=_when)
    for event in warnings[-_EVENTS:]:
        count = event.get("count") or get_path(event, ("series", "count")) or 1
        about = get_path(event, ("involvedObject", "name"))
        times = f" ({count} times)" if count > 1 else ""
        lines.append(f"event {event.get('reason')} on {about}{times}: {_short(event.get('message'))}")
    return lines


def _condition_lines(live: PropertyMap) -> Iterator[str]:
    for name, condition in conditions(live).items():
        bad = (condition.get("status") == "True") == (name in _BAD_WHEN_TRUE)
        # a namespace lists what is done as False; only what remains matters there
        if live.get("kind") == "Namespace":
            bad = condition.get("status") == "True"
        if bad:
            reason = f" ({condition['reason']})" if condition.get("reason") else ""
            yield f"{name} is {condition.get('status')}{reason}: {_short(condition.get('message'))}"


def pod_troubles(one: PropertyMap) -> list[str]:
    """Say why a pod is not ready: not scheduled, image not pulled, container crashing, probe failing."""
    scheduled = conditions(one).get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return [f"not scheduled ({scheduled.get('reason')}): {_short(scheduled.get('message'))}"]
    lines: list[str] = []
    status = one.get("status") or {}
    for container in [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]:
        lines += _container_troubles(container)
    if not lines:
        lines.append(_short(status.get("message")) if status.get("message") else f"{status.get('phase')}, not ready")
    return lines


def _container_troubles(container: PropertyMap) -> Iterator[str]:
    name, state = container.get("name"), container.get("state") or {}
    last = get_path(container, ("lastState", "terminated"))
    if "waiting" in state:
        text = f"container {name} waits ({state['waiting'].get('reason')})"
        message = state["waiting"].get("message")
        if last:
            message = f"{_ending(last)}, {_restarts(container)}"
        yield f"{text}: {_short(message)}" if message else text
    elif "terminated" in state and state["terminated"].get("exitCode"):
        ended = state["terminated"]
        yield _short(f"container {name} {_ending(ended)}")
    elif "running" in state and not container.get("ready"):
        yield f"container {name} runs, but is not ready ({_restarts(container)})"


def _ending(ended: PropertyMap) -> str:
    last_words = f": {ended['message']}" if ended.get("message") else ""
    return f"ended with exit code {ended.get('exitCode')} ({ended.get('reason')}){last_words}"


def _restarts(container: PropertyMap) -> str:
    count = container.get("restartCount") or 0
    return f"{count} restart{'' if count == 1 else 's'}"


def _is_ready(one: PropertyMap) -> bool:
    from_status = conditions(one).get("Ready", {}).get("status") == "True"
    return from_status or get_path(one, ("status", "phase")) == "Succeeded"


def _when(event: PropertyMap) -> str:
    return event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or ""


def _short(text: str | None) -> str:
    text = " ".join((text or "no message").split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
