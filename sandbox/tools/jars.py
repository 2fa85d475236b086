import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.tools.cache import Progress
from sandbox.tools.wheels import wheels

FETCH_SECONDS = 600
# The resolver of the wheel, asked for the very files and for nothing that they depend on: the list is complete.
_FETCH = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copyfile
from jgo.maven import MavenContext
context = MavenContext(repo_cache=Path(sys.argv[2]), timeout=30)
def fetch(line):
    group, artifact, version = line.split(":")
    file = context.project(group, artifact).at_version(version).artifact().resolve()
    copyfile(file, Path(sys.argv[1]) / f"{artifact}-{version}.jar")
with ThreadPoolExecutor(8) as pool:
    list(pool.map(fetch, sys.stdin.read().split()))
"""


@dataclass(frozen=True)
class Jar:
    """One file of a Java class path: coordinates and SHA-256."""

    group: str
    artifact: str
    version: str
    digest: str

    @property
    def file_name(self) -> str:
        """What the file is called."""
        return f"{self.artifact}-{self.version}.jar"


def read_list(path: Path) -> tuple[Jar, ...]:
    """The jars of a list: lines of ``<SHA-256>  <group>:<artifact>:<version>``.

    Raises:
        SandboxError: A line says something else.
    """
    jars = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        digest, _, coordinates = line.partition("  ")
        parts = coordinates.split(":")
        if len(parts) != 3 or len(digest) != 64:
            raise SandboxError(f"Line {number} names no jar: {line!r}", where=str(path))
        group, artifact, version = parts
        jars.append(Jar(group, artifact, version, digest))
    return tuple(jars)


def fetch_jars(pom: Path, jars: tuple[Jar, ...], target: Path, progress: Progress) -> None:
    """Put the jars into a folder: by Maven where there is one, else by a resolver from a wheel, and verify each.

    Maven goes first because it knows the mirrors of its user's settings.

    Raises:
        SandboxError: They cannot be had, or one has another checksum than the list says.
    """
    target.mkdir(parents=True)
    maven = shutil.which("mvn")
    reason = "Maven is not on PATH"
    if maven:
        reason = _by_maven(maven, pom, target)
        if reason:
            progress(f"no jars from Maven: {reason}")
    if reason:
        shutil.rmtree(target)
        target.mkdir()
        _by_wheel(jars, target, progress, reason)
    verify(jars, target)


def verify(jars: tuple[Jar, ...], folder: Path) -> None:
    """See that a folder holds the jars of a list, and no others.

    Raises:
        SandboxError: One is missing, too many, or has another checksum.
    """
    found = {path.name: path for path in folder.glob("*.jar")}
    for jar in jars:
        path = found.pop(jar.file_name, None)
        if path is None:
            raise SandboxError(f"Maven brought no {jar.file_name}", fix="try again")
        actual = hashlib.sha256(path.read_bytes()).hexdigest()
        if actual != jar.digest:
            raise SandboxError(
                f"{jar.file_name} has the SHA-256 {actual}, but {jar.digest} is pinned",
                fix="delete it from Maven's local repository and try again; if it stays so, something between here "
                "and the repository alters downloads",
            )
    if found:
        raise SandboxError(f"Maven brought {', '.join(sorted(found))}, which no list pins", fix="renew the list")


def _by_maven(maven: str, pom: Path, target: Path) -> str:
    """Why Maven could not; empty when it could."""
    command = [maven, "-q", "-B", "-C", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={target}"]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=FETCH_SECONDS, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    lines = [line for line in answer.stdout.splitlines() if "ERROR" in line]
    return (lines or ["it failed and said nothing"])[0] if answer.returncode else ""


def _by_wheel(jars: tuple[Jar, ...], target: Path, progress: Progress, reason: str) -> None:
    fix = "put Maven (mvn) on PATH"
    folder = wheels("maven", progress, fix=fix)
    wanted = "\n".join(f"{jar.group}:{jar.artifact}:{jar.version}" for jar in jars)
    try:
        answer = subprocess.run(
            [sys.executable, "-c", _FETCH, str(target), str(target.parent.parent / "repository")],
            input=wanted,
            capture_output=True,
            text=True,
            check=False,
            timeout=FETCH_SECONDS,
            env={**os.environ, "PYTHONPATH": str(folder)},
        )
        last = (answer.stderr.strip().splitlines() or ["no message"])[-1] if answer.returncode else ""
    except (OSError, subprocess.SubprocessError) as error:
        last = str(error)
    if last:
        raise SandboxError(
            f"The jars cannot be had: {reason}, and without it: {last}",
            fix=f"{fix}, or let this machine reach the Maven repository",
        )
