"""Which program of this machine stands for a container's image, and how it is told what a container is told."""

from __future__ import annotations

import json
import re
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from sandbox.host.installs import Installed, installed
from sandbox.tools.cache import Progress

SERVICES = Path(__file__).resolve().parents[2] / "apps" / "services"
ADDRESS = "{address}"
"""Stands, in what a program is told, for the address that it is to listen on."""


@dataclass(frozen=True)
class Program:
    """What runs on this machine in the place of one container.

    Attributes:
        name: Of the image's repository, without registry: ``stream-gateway``, ``apache/kafka``.
        argv: Program and arguments, as the container declares them or its image has them.
        tool: What must be here before it can run; empty for our own services, which the sandbox's interpreter runs.
        listen_arguments: Added to ``argv``, with ``ADDRESS``.
        listen_environment: Added to the variables, over the container's own, with ``ADDRESS``.
        listen_texts: What to replace in the texts of its configuration files, and by what, with ``ADDRESS``.
        stop_signal: What asks it to end.
    """

    name: str
    argv: tuple[str, ...]
    tool: str = ""
    listen_arguments: tuple[str, ...] = ()
    listen_environment: Mapping[str, str] = field(default_factory=dict)
    listen_texts: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM

    def install(self, progress: Progress) -> Installed:
        """Where its tool is on this machine, which is got when it is not there yet: that may take a minute.

        Raises:
            SandboxError: It cannot be had; the message says why and what to do.
        """
        return installed(self.tool, progress) if self.tool else Installed()

    def command(
        self, address: str, place: Installed, here: Callable[[str], str] = lambda text: text
    ) -> tuple[str, ...]:
        """What to start so that it listens on an address.

        Args:
            address: Where it is to listen.
            place: Where its tool is.
            here: Puts names and paths of this machine into what the container declares. What is of this machine
                already is left alone: a project below /tmp is not where a container has mounted its own /tmp.
        """
        added = (argument.replace(ADDRESS, address) for argument in self.listen_arguments)
        first, *declared = self.argv
        known = first if first == sys.executable else place.programs.get(first)
        program = here(first) if known is None else str(known)
        return (*place.prefix, program, *(here(argument) for argument in declared), *added)

    def environment(self, address: str, place: Installed) -> tuple[dict[str, str], dict[str, str]]:
        """Variables that go under the container's own, as its image's do, and those that go over them."""
        over = {name: value.replace(ADDRESS, address) for name, value in self.listen_environment.items()}
        return dict(place.environment), over

    def texts(self, address: str) -> dict[str, str]:
        """What to replace in the texts of its configuration files."""
        return {text: value.replace(ADDRESS, address) for text, value in self.listen_texts.items()}


@dataclass(frozen=True)
class _Image:
    """How an image of others is run.

    Attributes:
        tool: What stands for its content.
        entrypoint: What the image begins its command with when the container names none.
        listen_arguments: Added only when the container leaves the command to the image.
        stop_signal: Its STOPSIGNAL.
    """

    tool: str
    entrypoint: tuple[str, ...] = ()
    listen_arguments: tuple[str, ...] = ()
    listen_texts: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM


IMAGES: Mapping[str, _Image] = {
    # A listener without a host listens on every address of the machine.
    "apache/kafka": _Image(tool="kafka", listen_texts={"://:": f"://{ADDRESS}:"}),
    "redis": _Image(tool="redis", entrypoint=("redis-server",), listen_arguments=("--bind", ADDRESS)),
    # SIGTERM would have it wait for every client (docker-library/postgres, 17/trixie/Dockerfile: STOPSIGNAL SIGINT).
    "postgres": _Image(tool="postgres", stop_signal=signal.SIGINT),
    "nats": _Image(tool="nats", entrypoint=("nats-server",), listen_arguments=("--addr", ADDRESS)),
}
"""Images of others, by repository without registry. Another repository of the same last name is another image."""

_DOCKER_HUB = re.compile(r"^(?:(?:index\.)?docker\.io/)?(?:library/)?")


def resolve(image: str, command: Sequence[str], args: Sequence[str]) -> Program | None:
    """The program that stands for a container; None when there is none, and the pod stays simulated.

    It looks at no tool and starts nothing; ``Program.install`` does.

    Args:
        image: The image's reference: registry, repository, tag and digest.
        command: The container's command, in the place of the image's entry point.
        args: The container's arguments.
    """
    repository = repository_of(image)
    known = IMAGES.get(_DOCKER_HUB.sub("", repository))
    if known is not None:
        return _of_others(_DOCKER_HUB.sub("", repository), known, tuple(command), tuple(args))
    return _own_service(repository.rpartition("/")[2], tuple(command), tuple(args))


def runnable(pod: Mapping[str, Any]) -> bool:
    """Whether there is a program for every container of a pod (a manifest of ``v1/Pod``)."""
    spec = pod.get("spec") or {}
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    return bool(containers) and all(
        resolve(container.get("image") or "", container.get("command") or (), container.get("args") or ())
        for container in containers
    )


def repository_of(image: str) -> str:
    """The repository of an image's reference, with its registry and without tag and digest."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def _of_others(name: str, image: _Image, command: tuple[str, ...], args: tuple[str, ...]) -> Program | None:
    if not command and not image.entrypoint:
        return None  # its entry point is a script of the image, which is not here
    return Program(
        name=name,
        argv=(*(command or image.entrypoint), *args),
        tool=image.tool,
        listen_arguments=() if command else image.listen_arguments,
        listen_texts=image.listen_texts,
        stop_signal=image.stop_signal,
    )


def _own_service(name: str, command: tuple[str, ...], args: tuple[str, ...]) -> Program | None:
    found = _dockerfile(name)
    if found is None:
        return None
    entrypoint, listens = found
    argv = (*(command or entrypoint), *args)
    if name == "mlflow-server":  # its packages are not those of the sandbox, and its settings not those of our services
        return Program(name, argv, tool="mlflow", listen_arguments=("--host", ADDRESS))
    if argv[0] == "python":
        argv = (sys.executable, *argv[1:])
    variable = f"{name.upper().replace('-', '_')}_LISTEN_HOST"
    return Program(name, argv, listen_environment={variable: ADDRESS} if listens else {})


_ENTRYPOINT = re.compile(r"^ENTRYPOINT\s+(\[.*\])\s*$", re.MULTILINE)
_EXPOSE = re.compile(r"^EXPOSE\s", re.MULTILINE)


@cache
def _dockerfile(name: str) -> tuple[tuple[str, ...], bool] | None:
    """Entry point of a service's image, and whether it listens; None when there is no such service."""
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        return None
    try:
        text = (SERVICES / name.replace("-", "_") / "Dockerfile").read_text(encoding="utf-8")
    except OSError:
        return None
    found = _ENTRYPOINT.findall(text)
    if not found:
        return None
    return tuple(json.loads(found[-1])), bool(_EXPOSE.search(text))


def obtain(images: Sequence[str], progress: Progress) -> None:
    """Get what the images need, so that no container waits for it later: what is downloaded beside what is built.

    Args:
        images: References of images; those that no program stands for are left out.
        progress: Told of everything that takes long.

    Raises:
        SandboxError: A tool cannot be had.
    """
    programs = (resolve(image, ("true",), ()) for image in images)
    tools = sorted({program.tool for program in programs if program and program.tool})
    with ThreadPoolExecutor(max_workers=3) as pool:
        for ended in [pool.submit(installed, tool, progress) for tool in tools]:
            ended.result()
