"""Rendered prod under checkov and kube-score: nothing fails but what is waived, with a reason and a last day."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.linters import checkov_on, kube_score_on, problems, read_waivers

pytestmark = pytest.mark.integration

WAIVERS = Path(__file__).parents[2] / "stacks" / "waivers.yaml"
MOST = 10


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rendered") / "prod"
    command = [str(Path(sys.executable).parent / "sandbox"), "render", "--stack", "prod", "--out", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def test_nothing_fails_in_rendered_prod_but_what_is_waived(rendered: Path, tmp_path: Path):
    waivers = read_waivers(WAIVERS.read_text("utf-8"))
    failures = [*checkov_on(rendered, tmp_path), *kube_score_on(rendered / "kubernetes")]
    assert problems(failures, waivers, datetime.now(UTC).date()) == []
    assert len(waivers) <= MOST


def test_what_is_broken_on_purpose_is_found_by_all_three(rendered: Path, tmp_path: Path):
    broken, scratch = tmp_path / "broken", tmp_path / "scratch"
    (broken / "kubernetes").mkdir(parents=True)
    scratch.mkdir()
    text = (rendered / "kubernetes" / "platform-governance.Deployment.opa.yaml").read_text("utf-8")
    (broken / "kubernetes" / "opa.yaml").write_text(text.replace("privileged: false", "privileged: true"), "utf-8")
    aws = (rendered / "aws.json").read_text("utf-8").replace('"enableKeyRotation": true', '"enableKeyRotation": false')
    (broken / "aws.json").write_text(aws, "utf-8")
    found = {failure.check for failure in checkov_on(broken, scratch)}
    assert {"CKV_K8S_16", "CKV_AWS_7"} <= found
    assert "container-security-context-privileged" in {it.check for it in kube_score_on(broken / "kubernetes")}
