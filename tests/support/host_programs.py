"""A table of programs for tests of the host processes: the image ``test/python`` runs this interpreter."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.host.installs import Installed
from sandbox.host.programs import ADDRESS, Program, repository_of

IMAGE = "registry.test/test/python:1"


def resolve(image: str, command: Sequence[str], args: Sequence[str]) -> Program | None:
    """Every container of the image runs; others are simulated."""
    if repository_of(image) != "registry.test/test/python":
        return None
    return Program(
        name="test-python",
        argv=(*(command or (sys.executable, "-m", "tests.support.host_program")), *args),
        listen_environment={"LISTEN_HOST": ADDRESS},
        listen_texts={"://:": f"://{ADDRESS}:"},
    )


def runnable(pod: Mapping[str, Any]) -> bool:
    """Whether all of a pod's containers are of the image."""
    spec = pod["spec"]
    containers = [*(spec.get("initContainers") or ()), *spec["containers"]]
    return all(repository_of(each["image"]) == "registry.test/test/python" for each in containers)


__all__ = ["IMAGE", "Installed", "resolve", "runnable"]
