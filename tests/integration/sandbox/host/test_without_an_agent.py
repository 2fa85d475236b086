import os
import signal
from pathlib import Path

import pytest

from sandbox.control_plane import NodeSize, ensure_running
from sandbox.control_plane.lifecycle import admin_client
from sandbox.control_plane.locks import holder
from sandbox.paths import SandboxPaths
from tests.support.hosted import NODES, Hosted, found, hosted_sandbox, is_ready, pod_spec, until, workload

pytestmark = pytest.mark.integration


def test_a_sandbox_that_was_killed_and_is_started_without_an_agent_simulates_the_pods_it_ran(tmp_path: Path) -> None:
    with hosted_sandbox(tmp_path) as hosted:
        paths = SandboxPaths.of(hosted.home.name, tmp_path)
        wider = (*NODES, NodeSize(cpu="2", memory="8Gi"))
        ensure_running(paths.name, nodes=wider, progress=print, root=tmp_path)
        node = found(hosted.client, "/api/v1/nodes/host")
        assert node is not None
        assert node["status"]["allocatable"]["cpu"] == "26"

        hosted.create("deployments", workload("web", pod_spec()))
        until(lambda: [pod for pod in hosted.pods("web") if is_ready(pod)], "it runs")
        assert hosted.entry("web")["pid"]
        pid = holder(paths.supervisor_lock)
        assert pid
        os.kill(pid, signal.SIGKILL)
        until(lambda: holder(paths.supervisor_lock) is None, "the supervisor is gone")

        endpoints = ensure_running(paths.name, nodes=wider, progress=print, root=tmp_path, programs="")
        again = Hosted(endpoints, admin_client(endpoints), hosted.home)
        assert found(again.client, "/api/v1/nodes/host") is None
        assert again.said() == {"pods": [], "services": []}
        until(lambda: [pod for pod in again.pods("web") if is_ready(pod)], "another pod is simulated")
        (pod,) = again.pods("web")
        assert pod["spec"]["nodeName"].startswith("node-")
