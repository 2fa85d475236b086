"""What the command refuses before it touches anything."""

from __future__ import annotations

import pytest

from sandbox.cli.main import main

NOWHERE = "no-such-sandbox"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--stack", "local"], f"sandbox up --name {NOWHERE}"),
        (["--stack", "prod"], "the cluster of the stack 'prod' is refused: a drill deletes the tenant"),
        (["--stack", "prod", "--into", "scratch"], "even into a scratch namespace, it works on sandboxes only"),
        (["--stack", "prod"], "docs/runbooks/restore-a-tenant.md"),
        (["--into", "No_Namespace"], "is not a DNS label"),
        (["--stack", "nowhere"], "there is no stack 'nowhere'"),
    ],
)
def test_a_drill_without_a_running_sandbox_is_refused_with_what_to_do(
    capsys: pytest.CaptureFixture[str], arguments: list[str], why: str
):
    assert main(["drill", "--tenant", "analytics", "--name", NOWHERE, *arguments]) == 2
    assert why in capsys.readouterr().err


def test_a_drill_asks_for_its_tenant(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit, match="2"):
        main(["drill"])
    assert "--tenant" in capsys.readouterr().err
