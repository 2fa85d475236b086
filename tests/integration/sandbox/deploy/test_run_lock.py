import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sandbox.deploy import lock
from sandbox.deploy.lock import run_lock
from sandbox.errors import SandboxError

pytestmark = pytest.mark.integration


def test_a_second_holder_is_refused_and_told_command_process_and_start(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    with run_lock(path, "sandbox up"), pytest.raises(SandboxError) as caught, run_lock(path, "sandbox down"):
        pass
    assert f"'sandbox up', process {os.getpid()} of " in str(caught.value)
    assert str(path) in str(caught.value)


def test_the_lock_is_free_again_after_its_holder(tmp_path: Path) -> None:
    for command in ("first", "second"):
        with run_lock(tmp_path / "run.lock", command):
            assert json.loads((tmp_path / "run.lock").read_text())["command"] == command


def test_a_lock_whose_owner_was_killed_is_waited_for_until_its_child_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    program = (
        "import os, subprocess, sys\n"
        "from pathlib import Path\n"
        "from sandbox.deploy.lock import run_lock\n"
        "with run_lock(Path(sys.argv[1]), 'doomed') as lock:\n"
        "    subprocess.Popen(['sleep', '1'], pass_fds=(lock,))\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    begin = time.monotonic()
    with run_lock(path, "next"):
        assert time.monotonic() - begin > 0.05, "the child of the killed owner still held it"


def test_an_owner_that_is_slow_to_say_who_it_is_is_waited_for_and_named(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    with run_lock(path, "sandbox up"):
        said = path.read_text()
        path.write_text("")
        slow = threading.Timer(0.2, path.write_text, [said])
        slow.start()
        with pytest.raises(SandboxError, match=f"'sandbox up', process {os.getpid()} of "), run_lock(path, "rival"):
            pass
        slow.join()


def test_a_lock_with_an_unreadable_owner_is_still_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_WRITING_SECONDS", 0.1)
    path = tmp_path / "run.lock"
    with run_lock(path, "sandbox up"):
        path.write_text("{")
        with pytest.raises(SandboxError, match="not yet written who it is"), run_lock(path, "sandbox up"):
            pass
