"""A run in a process of its own, as the commands start it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.engine.host import Run, RunReport
from sandbox.engine.session import RunRequest

pytestmark = pytest.mark.integration


def run(folder: Path, source: str) -> RunReport:
    (folder / "infra").mkdir()
    (folder / "infra" / "__main__.py").write_text(source)
    request = RunRequest(
        mode="plan",
        root=str(folder),
        main="infra",
        project="proj",
        stack="test",
        state_path=str(folder / "state" / "test.db"),
        config={"proj:db": '{"password": "canary-in-an-object"}', "proj:size": "3"},
        secret_keys=["proj:db"],
    )
    return Run().execute(request, None, lambda event: None)


def test_a_program_reads_its_config_and_prints_without_showing_secrets(tmp_path: Path) -> None:
    report = run(
        tmp_path,
        "import pulumi\n"
        "config = pulumi.Config()\n"
        "print('the password is', config.require_object('db')['password'])\n"
        "pulumi.log.warn('size ' + config.require('size'))\n"
        "pulumi.export('size', config.require_int('size'))\n",
    )

    assert report.ok, report.diagnostics
    assert report.ended is not None
    assert report.ended.outputs == {"size": 3}
    told = [(item.severity, item.message) for item in report.diagnostics]
    assert ("info", "the password is [secret]") in told
    assert any(severity == "warning" and "size 3" in message for severity, message in told)
    assert not (tmp_path / "state").exists()


def test_an_exit_code_that_an_error_carries_is_the_run_s(tmp_path: Path) -> None:
    report = run(
        tmp_path,
        "import pulumi\n"
        "error = pulumi.RunError('Pulumi.test.yaml: size is 0; at least 1')\n"
        "error.exit_code = 2\n"
        "raise error\n",
    )

    assert report.exit_code == 2
    assert [item.message for item in report.diagnostics] == ["Pulumi.test.yaml: size is 0; at least 1"]


def test_a_program_that_kills_its_process_is_told_with_what_to_do(tmp_path: Path) -> None:
    report = run(tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")

    assert not report.ok
    assert "killed by signal 9" in report.diagnostics[-1].message
    assert "run the same command again" in report.diagnostics[-1].message
