"""Where the tools of host processes are on this machine, and how they are got."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.errors import ConfigurationError
from sandbox.tools.cache import Progress
from sandbox.tools.java import find_java
from sandbox.tools.kafka import resolve_kafka
from sandbox.tools.mlflow import find_mlflow
from sandbox.tools.postgres import find_postgres
from sandbox.tools.redis import find_redis
from sandbox.tools.resolver import resolve
from sandbox.tools.unprivileged import not_as_root

BARE_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True)
class Installed:
    """A tool on this machine.

    Attributes:
        environment: What its image would have set: PATH, and what the tool itself needs. The container's own variables
            go over it.
        paths: Folders of the image, and where their content is here.
        programs: Programs that the image has on its PATH, and which stand for them here; others are looked for on PATH.
        prefix: What goes before the command, so that it runs here as it does in a container.
    """

    environment: Mapping[str, str] = field(default_factory=lambda: {"PATH": BARE_PATH})
    paths: Mapping[str, Path] = field(default_factory=dict)
    programs: Mapping[str, Path] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()


def installed(tool: str, progress: Progress) -> Installed:
    """A tool, got when it is not there yet.

    Raises:
        ConfigurationError: There is no such tool.
        SandboxError: It cannot be had; the message says why and what to do.
    """
    if tool in _found:
        return _found[tool]
    getter = _TOOLS.get(tool)
    if getter is None:
        raise ConfigurationError(f"There is no tool {tool!r}", fix=f"choose one of {', '.join(sorted(_TOOLS))}")
    _found[tool] = getter(progress)
    return _found[tool]


def _kafka(progress: Progress) -> Installed:
    return Installed(
        environment={"PATH": BARE_PATH, "JAVA_HOME": str(find_java(progress).parents[1])},
        paths={"/opt/kafka": resolve_kafka(progress)},
    )


def _redis(progress: Progress) -> Installed:
    return Installed(environment={"PATH": f"{find_redis(progress).parent}:{BARE_PATH}"})


def _postgres(progress: Progress) -> Installed:
    folder = find_postgres(progress)
    return Installed(environment={"PATH": f"{folder}:{BARE_PATH}"}, prefix=not_as_root("PostgreSQL"))


def _nats(progress: Progress) -> Installed:
    program = resolve(["nats-server"], progress)["nats-server"]
    return Installed(programs={"nats-server": program})


def _mlflow(progress: Progress) -> Installed:
    python, path = find_mlflow(progress)
    return Installed(environment={"PATH": BARE_PATH, "PYTHONPATH": path}, programs={"python": python})


_TOOLS: Mapping[str, Callable[[Progress], Installed]] = {
    "kafka": _kafka,
    "mlflow": _mlflow,
    "nats": _nats,
    "postgres": _postgres,
    "redis": _redis,
}
_found: dict[str, Installed] = {}
