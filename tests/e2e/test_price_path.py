"""The local stack with its pods running: one deployment, asked, updated under load, spoiled and removed."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.asking import asking
from tests.support.hosted import until
from tests.support.projects import ROOT, copy_of
from tests.support.sandbox import sandbox_name

pytestmark = pytest.mark.e2e
HOPS = ["price-feed", "feature-server", "model-server", "prediction-consumer", "stream-gateway", "client"]
MODEL_SERVER = Path("infra/components/serving/model_services.py")
DEPLOYMENTS = Path("infra/core/workload/manifests.py")


@dataclass
class Checkout:
    """A copy of the program that a test may change, deployed on a sandbox of its own."""

    folder: Path
    name: str = field(default_factory=sandbox_name)

    def run(self, command: str, *arguments: str, timeout: float = 500) -> subprocess.CompletedProcess[str]:
        paths = [self.folder, self.folder / "apps" / "libs", self.folder / "apps" / "services", ROOT]
        environment = os.environ | {
            "SANDBOX_ROOT": str(self.folder),
            "SANDBOX_HOST_PROCESSES": "1",
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
        }
        line = [sys.executable, "-m", "sandbox.cli.main", command, "--stack", "local", "--name", self.name, *arguments]
        return subprocess.run(
            line, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=timeout, check=False
        )

    def up(self) -> subprocess.CompletedProcess[str]:
        return self.run("up", "--engine", "embedded")

    def status(self) -> dict:
        return json.loads(self.run("status", "--json").stdout)["sandboxes"][0]["host"]

    def replace(self, file: Path, old: str, new: str) -> None:
        text = (self.folder / file).read_text("utf-8")
        assert text.count(old) == 1, f"{file} has {old!r} {text.count(old)} times"
        (self.folder / file).write_text(text.replace(old, new), "utf-8")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    copy = Checkout(copy_of(ROOT, tmp_path_factory.mktemp("path") / "project", "infra", "apps", "policies"))
    try:
        yield copy
    finally:
        copy.run("down", "--engine", "embedded")


def asking_model_server(url: str, token: str) -> AbstractContextManager[list[str]]:
    """Ask from three sides without a pause; yields statuses, or what went wrong."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})

    def ask() -> str:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return str(answer.status)
        except urllib.error.HTTPError as error:
            return f"{error.code} {error.read()[:200]!r}"

    return asking(ask)


def model_server(checkout: Checkout) -> str:
    (service,) = [each for each in checkout.status()["services"] if each["name"] == "model-server"]
    return f"http://{service['address']}:{service['port']}/v1/models/commodity-price"


def model_pods(checkout: Checkout) -> set[str]:
    return {pod["pod"] for pod in checkout.status()["pods"] if pod["program"] == "model-server" and pod["ready"]}


def test_the_stack_runs_answers_is_updated_under_load_refuses_what_is_never_ready_and_leaves_nothing(
    checkout: Checkout,
) -> None:
    deployed = checkout.up()
    assert deployed.returncode == 0, deployed.stderr + deployed.stdout
    assert "One price through the whole path" in deployed.stdout

    smoke = json.loads((checkout.folder / ".sandbox" / checkout.name / "smoke.json").read_text())
    assert [hop["service"] for hop in smoke["hops"]] == HOPS
    assert smoke["total_ms"] == pytest.approx(sum(hop["ms"] for hop in smoke["hops"]), abs=0.1)
    assert smoke["answer"]["symbol"] == smoke["price"]["symbol"]
    assert 0 <= smoke["answer"]["confidence"] <= 1

    again = checkout.run("preview", "--engine", "embedded", "--expect-no-changes")
    assert again.returncode == 0, again.stdout

    token = checkout.run("token", "--role", "analyst", "--tenant", "platform").stdout.strip()
    before = model_pods(checkout)
    assert len(before) == 2
    checkout.replace(
        Path("Pulumi.local.yaml"), "modelServer: {replicas: 2, cpu: 200m", "modelServer: {replicas: 2, cpu: 210m"
    )
    with asking_model_server(model_server(checkout), token) as answers:
        updated = checkout.up()
        until(lambda: not model_pods(checkout) & before, "the old pods have gone")
    assert updated.returncode == 0, updated.stderr
    assert len(answers) > 100
    assert set(answers) == {"200"}

    good = model_pods(checkout)
    checkout.replace(
        MODEL_SERVER,
        'environment={"MLFLOW_TRACKING_URI": mlflow.url(), **tokens',
        'environment={"MLFLOW_TRACKING_URI": mlflow.url() + "1", **tokens',
    )
    checkout.replace(
        DEPLOYMENTS,
        '"revisionHistoryLimit": REVISIONS,\n        "selector"',
        '"progressDeadlineSeconds": 20, "revisionHistoryLimit": REVISIONS,\n        "selector"',
    )
    with asking_model_server(model_server(checkout), token) as answers:
        refused = checkout.up()
    assert refused.returncode == 1
    assert "model-server" in refused.stderr
    assert "not ready" in refused.stderr
    assert set(answers) == {"200"}
    assert model_pods(checkout) == good

    removed = checkout.run("down", "--engine", "embedded")
    assert removed.returncode == 0, removed.stderr
    assert "the inventory is as it was" in removed.stdout + removed.stderr
