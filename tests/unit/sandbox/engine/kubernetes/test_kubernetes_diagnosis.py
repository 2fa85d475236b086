from __future__ import annotations

from typing import Any

from sandbox.engine.providers.kubernetes.diagnosis import pod_troubles, render


def pod(name: str = "web-1", **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "status": {"phase": "Pending", **status}}


def test_a_pod_that_cannot_be_scheduled_says_why() -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes:  no cpu"}

    assert pod_troubles(pod(conditions=[condition])) == ["not scheduled (Unschedulable): 0/3 nodes: no cpu"]


def test_an_image_that_cannot_be_pulled_and_a_crashing_container_say_why() -> None:
    pulling = {"name": "a", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}
    crashing = {
        "name": "b",
        "restartCount": 3,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
        "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
    }

    assert pod_troubles(pod(initContainerStatuses=[pulling], containerStatuses=[crashing])) == [
        "container a waits (ImagePullBackOff): no such image",
        "container b waits (CrashLoopBackOff): ended with exit code 137 (OOMKilled), 3 restarts",
    ]


def test_a_container_that_ended_or_is_not_ready_is_named() -> None:
    ended = {"name": "a", "state": {"terminated": {"exitCode": 2, "reason": "Error"}}}
    running = {"name": "b", "ready": False, "restartCount": 1, "state": {"running": {}}}
    fine = {"name": "c", "ready": True, "state": {"running": {}}}

    assert pod_troubles(pod(containerStatuses=[ended, running, fine])) == [
        "container a ended with exit code 2 (Error)",
        "container b runs, but is not ready (1 restart)",
    ]
    assert pod_troubles(pod()) == ["Pending, not ready"]
    assert pod_troubles(pod(message="evicted")) == ["evicted"]


def test_a_diagnosis_has_conditions_pods_and_the_last_warnings_and_stays_short() -> None:
    live = {
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "status": {
            "conditions": [
                {"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable", "message": "too few"},
                {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated", "message": "going on"},
                {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"},
            ]
        },
    }
    pods = [pod(f"web-{index}") for index in range(5)]
    ready = {"metadata": {"name": "fine"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    events = [
        {
            "type": "Warning" if index else "Normal",
            "reason": f"R{index}",
            "message": "x" * 1000,
            "count": index,
            "lastTimestamp": f"2026-01-01T00:00:0{index}Z",
            "involvedObject": {"name": "web"},
        }
        for index in range(7)
    ]

    lines = render(live, [*pods, ready], events)

    assert lines[:2] == [
        "Available is False (MinimumReplicasUnavailable): too few",
        "ReplicaFailure is True (FailedCreate): exceeded quota",
    ]
    assert lines[2:6] == [*(f"pod web-{index}: Pending, not ready" for index in range(3)), "2 more pods are not ready"]
    assert [line.split(":")[0] for line in lines[6:]] == [f"event R{n} on web ({n} times)" for n in (3, 4, 5, 6)]
    assert max(map(len, lines)) < 500


def test_a_namespace_that_does_not_go_says_what_remains() -> None:
    live = {
        "kind": "Namespace",
        "metadata": {"name": "a", "deletionTimestamp": "2026-01-01T00:00:00Z"},
        "status": {
            "conditions": [
                {"type": "NamespaceContentRemaining", "status": "True", "reason": "Some", "message": "1 pod"},
                {"type": "NamespaceDeletionContentFailure", "status": "False", "reason": "Deleted", "message": "all"},
            ]
        },
    }

    assert render(live, [], []) == [
        "NamespaceContentRemaining is True (Some): 1 pod",
        "it is being deleted since 2026-01-01T00:00:00Z",
    ]
