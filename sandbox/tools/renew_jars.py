"""Write the list of jars that a pom.xml means, after a version in it changed: `python -m sandbox.tools.renew_jars`."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.tools.jars import Jar
from sandbox.tools.kafka import SOURCES


def jars_below(repository: Path) -> Iterator[Jar]:
    """Every jar of a folder that is laid out as a Maven repository."""
    for path in repository.rglob("*.jar"):
        *group, artifact, version, _ = path.relative_to(repository).parts
        yield Jar(".".join(group), artifact, version, hashlib.sha256(path.read_bytes()).hexdigest())


def renewed(pom: Path) -> str:
    """The list that follows from a pom.xml, in the order of coordinates.

    Raises:
        SandboxError: There is no Maven, or it failed.
    """
    maven = shutil.which("mvn")
    if maven is None:
        raise SandboxError("Only Maven knows what a pom.xml means", fix="put Maven (mvn) on PATH")
    with tempfile.TemporaryDirectory() as folder:
        options = [f"-DoutputDirectory={folder}", "-Dmdep.useRepositoryLayout=true"]
        command = [maven, "-q", "-B", "-C", "-f", str(pom), "dependency:copy-dependencies", *options]
        answer = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        if answer.returncode:
            raise SandboxError(f"Maven failed: {answer.stdout.strip()[-500:]}", where=str(pom))
        jars = sorted(jars_below(Path(folder)), key=lambda jar: f"{jar.group}:{jar.artifact}:{jar.version}")
    return "".join(f"{jar.digest}  {jar.group}:{jar.artifact}:{jar.version}\n" for jar in jars)


def main() -> int:
    """Renew the list beside Kafka's pom.xml; 1 when that cannot be done."""
    try:
        text = renewed(SOURCES / "pom.xml")
    except SandboxError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    (SOURCES / "jars.txt").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
