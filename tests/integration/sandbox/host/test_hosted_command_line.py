import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from sandbox.control_plane import destroy, ensure_running, stop
from sandbox.control_plane.api_client import ApiError
from sandbox.control_plane.lifecycle import admin_client
from tests.support.hosted import NODES, Hosted, get, hosted_sandbox, is_ready, pod_spec, service, until, workload
from tests.support.sandbox import sandbox_name

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    root = tmp_path_factory.mktemp("hosted")
    (root / "Pulumi.yaml").write_text("name: shop\nruntime: python\nmain: infra\n")
    (root / "Pulumi.local.yaml").write_text("config: {}\n")
    with hosted_sandbox(root) as running:
        variables = {"VERSION": "5", "WEB_AUTH_ISSUER": "https://identity.test", "WEB_AUTH_AUDIENCE": "shop"}
        running.create("services", service("web"))
        running.create("deployments", workload("web", pod_spec(variables)))
        until(lambda: [pod for pod in running.pods("web") if is_ready(pod)], "it is ready")
        until(lambda: running.said()["services"], "its Service is reached")
        yield running


def command(hosted: Hosted, *arguments: str) -> list[str]:
    name, *rest = arguments
    return [sys.executable, "-m", "sandbox.cli.main", name, "--name", hosted.home.name, *rest]


def environment(hosted: Hosted) -> dict[str, str]:
    return os.environ | {"SANDBOX_ROOT": str(hosted.home.parents[1])}


def run(hosted: Hosted, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(hosted, *arguments), env=environment(hosted), capture_output=True, text=True, timeout=60, check=False
    )


def test_status_shows_each_pod_that_runs_and_where_it_and_its_service_are_reached(hosted: Hosted) -> None:
    said = run(hosted, "status").stdout
    entry = hosted.entry("web")
    line = next(line for line in said.splitlines() if "shop/web-" in line)
    for word in ("test-python", str(entry["pid"]), f"{entry['address']}:8080", "ready"):
        assert word in line
    assert f"{hosted.service_address('web')}:8080" in said
    assert "limits of CPU, memory and disk are not enforced" in said
    document = json.loads(run(hosted, "status", "--json").stdout)
    (pod,) = document["sandboxes"][0]["host"]["pods"]
    assert pod["memory"] > 5 * 2**20
    assert pod["ready"] is True
    assert document["sandboxes"][0]["parts"]["host"]["running"] is True


def test_logs_of_a_workload_are_printed_and_followed(hosted: Hosted) -> None:
    assert "listening" in run(hosted, "logs", "shop/web").stdout
    followed = subprocess.Popen(
        command(hosted, "logs", "web", "-f"),
        env=environment(hosted),
        stdout=subprocess.PIPE,
        text=True,
        # As from a terminal: what a shell runs in the background is deaf to the interrupt, and so are its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - it takes no lock
    )
    try:
        assert followed.stdout is not None
        assert "listening" in followed.stdout.readline()
        get(hosted.entry("web")["address"], "/say?hello")
        assert followed.stdout.readline() == "hello\n"
    finally:
        followed.send_signal(signal.SIGINT)
        assert followed.wait(timeout=60) == 1


def test_logs_of_what_is_not_there_are_refused_with_what_is(hosted: Hosted) -> None:
    refused = run(hosted, "logs", "wbe")
    assert refused.returncode == 2
    assert "one of: etcd, host," in refused.stderr
    assert run(hosted, "logs", "web", "--previous").returncode == 2


def test_a_token_says_who_somebody_is_and_is_signed_with_the_deployed_key(hosted: Hosted) -> None:
    refused = run(hosted, "token", "--role", "analyst", "--tenant", "desk")
    assert refused.returncode == 1
    assert "platform-identity" in refused.stderr
    secret = base64.urlsafe_b64encode(b"s" * 32).decode().rstrip("=")
    key_set = json.dumps({"keys": [{"kty": "oct", "kid": "own", "k": secret}]})
    hosted.create("secrets", {"metadata": {"name": "platform-identity"}, "stringData": {"jwks.json": key_set}})

    printed = run(hosted, "token", "--role", "analyst", "--role", "steward", "--tenant", "desk", "--ttl", "60").stdout
    claims = jwt.decode(
        printed.strip(), b"s" * 32, algorithms=["HS256"], issuer="https://identity.test", audience="shop"
    )
    assert claims["roles"] == ["analyst", "steward"]
    assert claims["tenant"] == "desk"
    assert 0 < claims["exp"] - time.time() <= 60


def test_a_sandbox_that_is_stopped_and_started_runs_its_pods_again(hosted: Hosted) -> None:
    root = hosted.home.parents[1]
    pid = hosted.entry("web")["pid"]
    stop(hosted.home.name, root=root)
    assert not Path(f"/proc/{pid}").exists()
    hosted.endpoints = ensure_running(hosted.home.name, nodes=NODES, progress=print, root=root)
    hosted.client = admin_client(hosted.endpoints)
    until(lambda: hosted.said()["pods"] and hosted.entry("web")["ready"], "it is ready again")
    assert get(hosted.entry("web")["address"]) == (200, "5")


def test_pods_run_on_while_the_api_server_is_away_and_are_looked_after_when_it_is_back(hosted: Hosted) -> None:
    parts = json.loads((hosted.home / "status.json").read_text())["parts"]
    pid = hosted.entry("web")["pid"]
    os.kill(parts["kube-apiserver"]["pid"], signal.SIGKILL)
    assert get(hosted.service_address("web")) == (200, "5")

    def restarted() -> bool:
        said = json.loads((hosted.home / "status.json").read_text())["parts"]
        return bool(said["kube-apiserver"]["running"] and said["kube-apiserver"]["restarts"])

    until(restarted, "the API server runs again")
    until(lambda: _answers(hosted), "it answers", seconds=60)
    assert hosted.entry("web")["pid"] == pid
    hosted.create("deployments", workload("later", pod_spec()))
    until(lambda: [pod for pod in hosted.pods("later") if is_ready(pod)], "a new pod runs", seconds=60)
    said = json.loads((hosted.home / "status.json").read_text())["parts"]
    assert said["host"]["pid"] == parts["host"]["pid"]
    assert hosted.entry("web")["pid"] == pid


def _answers(hosted: Hosted) -> bool:
    try:
        return bool(hosted.client.text("/readyz"))
    except ApiError:
        return False


def test_a_sandbox_that_was_started_without_says_so_to_who_wants_pods_to_run(tmp_path: Path) -> None:
    name = sandbox_name()
    said: list[str] = []
    try:
        ensure_running(name, nodes=NODES, progress=print, root=tmp_path)
        ensure_running(name, nodes=NODES, progress=said.append, root=tmp_path, programs="tests.support.host_programs")
        assert any("started with all pods simulated" in line for line in said)
    finally:
        destroy(name, root=tmp_path)


def test_a_supervisor_that_is_killed_leaves_no_process_of_a_pod(hosted: Hosted) -> None:
    sleep = "import time; time.sleep(600)"
    child = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', '{sleep}']); {sleep}"
    hosted.create("deployments", workload("parent", pod_spec(probes=False, container={"command": _python(child)})))
    until(lambda: any(each["pid"] and each["labels"]["app"] == "parent" for each in hosted.said()["pods"]), "it runs")
    parent = hosted.entry("parent")["pid"]
    grandchild = until(lambda: _children(parent), "its child")
    pids = [parent, *grandchild, hosted.entry("web")["pid"]]
    os.kill(hosted.endpoints.pids["supervisor"], signal.SIGKILL)
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), "all are gone", seconds=10)


def _python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
