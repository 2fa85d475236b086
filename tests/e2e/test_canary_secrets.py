import base64
import json
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.passphrase import stack_file

pytestmark = pytest.mark.e2e

PROGRAM = Path(__file__).parent / "programs" / "canaries"
PASSPHRASE = "correct horse battery staple"


def test_no_canary_is_ever_in_the_clear_in_state_logs_diffs_rendered_files_or_terminal_output(tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(PROGRAM, root)
    canaries = {f"canary{number}": f"canary-{number}-{secrets.token_urlsafe(12)}" for number in range(10)}
    (root / "Pulumi.local.yaml").write_text(stack_file("canaries", PASSPHRASE, canaries))
    try:
        said = [
            _run(root, "render", "--out", str(tmp_path / "rendered")),
            _run(root, "preview", "--json"),
            _run(root, "up"),
            _run(root, "up", "--json", "--refresh"),
        ]
        generated = _generated(root)
        assert len(generated) == 10
        rotated = canaries | {"canary3": "rotated-" + secrets.token_urlsafe(12)}
        (root / "Pulumi.local.yaml").write_text(stack_file("canaries", PASSPHRASE, rotated))
        said += [_run(root, "preview"), _run(root, "up")]
        words = [*canaries.values(), rotated["canary3"], *generated]
        for word in words:
            for text in said:
                assert word not in text
            for found in _files(tmp_path / "rendered", root / ".sandbox" / "local" / "state"):
                content = found.read_bytes()
                assert word.encode() not in content, found
                assert base64.b64encode(word.encode()) not in content, found
            for log in _files(root / ".sandbox" / "local" / "logs"):
                assert word.encode() not in log.read_bytes(), log
    finally:
        said.append(_run(root, "down"))
    assert not any(word in said[-1] for word in words)


def _run(root: Path, *arguments: str) -> str:
    environment = os.environ | {"SANDBOX_ROOT": str(root), "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE}
    command = [sys.executable, "-m", "sandbox.cli.main", arguments[0], *arguments[1:]]
    if arguments[0] in ("up", "preview", "down"):
        command += ["--engine", "embedded"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def _generated(root: Path) -> list[str]:
    kubeconfig = root / ".sandbox" / "local" / "kubeconfig"
    command = ["kubectl", "--kubeconfig", str(kubeconfig), "get", "secrets", "-n", "canaries", "-o", "json"]
    from sandbox.tools.resolver import resolve

    command[0] = str(resolve(["kubectl"], lambda _: None)["kubectl"])
    items = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["items"]
    values = {item["metadata"]["name"]: base64.b64decode(item["data"]["value"]).decode() for item in items}
    return [values[f"secret-{number}"] for number in range(10, 20)]


def _files(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]
