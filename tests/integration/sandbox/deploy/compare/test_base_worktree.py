import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.deploy.compare.checkout import read_checkout
from sandbox.deploy.compare.worktree import base_worktree
from sandbox.errors import SandboxError
from tests.support.checkouts import commit, git, repository, write

pytestmark = pytest.mark.integration

_HOLD = (
    "import sys, time\n"
    "from pathlib import Path\n"
    "from sandbox.deploy.compare.checkout import read_checkout\n"
    "from sandbox.deploy.compare.worktree import base_worktree\n"
    "with base_worktree(read_checkout(Path(sys.argv[1]), 'main')) as folder:\n"
    "    print(folder, flush=True)\n"
    "    time.sleep(60)\n"
)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = repository(tmp_path / "shop")
    git(root, "checkout", "--quiet", "-b", "feature")
    commit(root, "Change", {"Pulumi.prod.yaml": "config: {size: 2}\n"})
    return root


def worktrees(root: Path) -> int:
    return git(root, "worktree", "list").count("\n") + 1


def left(root: Path) -> list[Path]:
    return list((root / ".sandbox" / ".compare").iterdir())


def test_the_base_stands_beside_the_tree_and_is_gone_afterwards(shop: Path) -> None:
    with base_worktree(read_checkout(shop, "main")) as folder:
        assert (folder / "Pulumi.prod.yaml").read_text() == "config: {size: 1}\n"
        assert worktrees(shop) == 2
    assert (worktrees(shop), left(shop)) == (1, [])
    assert git(shop, "status", "--porcelain") == ""


@pytest.mark.parametrize("failure", [KeyboardInterrupt, RuntimeError])
def test_it_is_gone_after_a_failure_and_an_interrupt_and_with_files_written_into_it(
    shop: Path, failure: type[BaseException]
) -> None:
    def fail(folder: Path) -> None:
        write(folder, {"infra/__pycache__/x.pyc": "", "Pulumi.yaml": "changed"})
        raise failure

    with pytest.raises(failure), base_worktree(read_checkout(shop, "main")) as folder:
        fail(folder)
    assert (worktrees(shop), left(shop)) == (1, [])


def test_it_is_gone_when_the_whole_process_group_is_killed(shop: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(shop)], stdout=subprocess.PIPE, text=True, process_group=0
    )
    assert holder.stdout is not None
    assert Path(holder.stdout.readline().strip()).is_dir()
    os.killpg(holder.pid, signal.SIGKILL)
    holder.communicate()
    deadline = time.monotonic() + 20
    while (left(shop) or worktrees(shop) > 1) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (worktrees(shop), left(shop)) == (1, [])


def test_one_that_a_stopped_machine_left_is_removed_and_one_in_use_is_not(shop: Path) -> None:
    stale = shop / ".sandbox" / ".compare" / "1-abc"
    stale.mkdir(parents=True)
    stale.with_suffix(".lock").touch()
    git(shop, "worktree", "add", "--quiet", "--detach", str(stale / "tree"), "main")
    checkout = read_checkout(shop, "main")
    with base_worktree(checkout) as first, base_worktree(checkout) as second:
        assert not stale.exists()
        assert first.is_dir()
        assert second.is_dir()
        assert worktrees(shop) == 3
    assert (worktrees(shop), left(shop)) == (1, [])


def test_no_hook_of_the_repository_runs(shop: Path) -> None:
    write(shop, {".git/hooks/post-checkout": "#!/bin/sh\ntouch $0.ran\n"})
    (shop / ".git/hooks/post-checkout").chmod(0o755)
    with base_worktree(read_checkout(shop, "main")):
        pass
    assert not (shop / ".git/hooks/post-checkout.ran").exists()


def test_a_folder_that_cannot_be_made_is_told(shop: Path) -> None:
    (shop / ".sandbox").write_text("in the way")
    with (
        pytest.raises(SandboxError, match="no folder for the base can be made"),
        base_worktree(read_checkout(shop, "main")),
    ):
        pass
