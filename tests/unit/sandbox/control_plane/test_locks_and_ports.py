import os
import socket
from pathlib import Path

import pytest

from sandbox.control_plane.locks import holder, sign, try_lock, waiting_lock
from sandbox.control_plane.ports import free_port, is_free
from sandbox.errors import SandboxError


def test_a_lock_has_one_holder_who_can_be_asked_for(tmp_path: Path):
    lock = tmp_path / "deep" / "x.lock"
    handle = try_lock(lock)
    assert handle is not None
    assert holder(lock) == 0, "it is held, but not signed yet"
    sign(handle)
    assert try_lock(lock) is None
    assert holder(lock) == os.getpid()
    os.close(handle)
    assert holder(lock) is None


def test_a_lock_file_left_behind_holds_nobody_up(tmp_path: Path):
    lock = tmp_path / "x.lock"
    lock.write_text("99999")
    assert holder(lock) is None
    handle = try_lock(lock)
    assert handle is not None
    os.close(handle)


def test_nobody_holds_a_lock_that_is_not_there(tmp_path: Path):
    assert holder(tmp_path / "none") is None


def test_waiting_too_long_names_the_holder_and_the_lock(tmp_path: Path):
    lock = tmp_path / "x.lock"
    handle = try_lock(lock)
    assert handle is not None
    sign(handle)
    told: list[str] = []
    with (
        pytest.raises(SandboxError, match="busy with sandbox x") as caught,
        waiting_lock(lock, progress=told.append, what="sandbox x", seconds=0.1),
    ):
        pass
    os.close(handle)
    assert str(os.getpid()) in str(caught.value)
    assert told == [f"waiting for process {os.getpid()}, which is busy with sandbox x"]


def test_a_lock_that_cannot_be_made_is_told_with_its_path(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SandboxError, match="Cannot write the lock file"):
        try_lock(tmp_path / "file" / "x.lock")


def test_a_preferred_port_is_taken_when_it_is_free_and_another_one_when_not():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        taken = server.getsockname()[1]
        assert not is_free(taken)
        assert free_port(taken) != taken
    assert free_port(taken) == taken
