import platform
from dataclasses import dataclass

from sandbox.errors import SandboxError

# Elsewhere no process can be made to die with its parent, so a killed sandbox would leave servers behind.
_SYSTEMS = {"Linux": "linux"}
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class Platform:
    """An operating system and processor, in Go's words (``linux``, ``amd64``)."""

    os: str
    arch: str

    def __str__(self) -> str:
        return f"{self.os}-{self.arch}"


def current_platform() -> Platform:
    """The platform of this machine.

    Raises:
        SandboxError: The tools cannot be built or had for it.
    """
    system, machine = platform.system(), platform.machine()
    if system not in _SYSTEMS or machine.lower() not in _MACHINES:
        raise SandboxError(
            f"The sandbox does not run on {system} {machine}",
            fix="use Linux on x86-64 or arm64; a virtual machine or a container will do",
        )
    return Platform(_SYSTEMS[system], _MACHINES[machine.lower()])
