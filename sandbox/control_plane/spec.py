import json
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.control_plane.endpoints import write_json
from sandbox.control_plane.nodes import NodeSize, sizes_from_json
from sandbox.errors import SandboxError

START_SECONDS = 120.0  # a start that takes longer has failed; a machine busy with other work needs a quarter of it


@dataclass(frozen=True)
class Spec:
    """What a supervisor is asked to run.

    Attributes:
        nodes: The simulated nodes.
        tools: The program of each tool.
        ports: The ports of the last start, taken again when they are free so that a user's kubeconfig stays right.
        programs: The module that knows which images run as processes of this machine; empty when none does.
    """

    nodes: tuple[NodeSize, ...]
    tools: dict[str, Path]
    ports: dict[str, int] = field(default_factory=dict)
    programs: str = ""

    def write(self, path: Path) -> None:
        """Write the specification.

        Raises:
            SandboxError: The file cannot be written.
        """
        write_json(
            path,
            {
                "nodes": [size.to_json() for size in self.nodes],
                "tools": {name: str(program) for name, program in self.tools.items()},
                "ports": self.ports,
                "programs": self.programs,
            },
        )

    @classmethod
    def read(cls, path: Path) -> "Spec":
        """Read the specification.

        Raises:
            SandboxError: There is none, or it cannot be understood.
        """
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                nodes=sizes_from_json(data["nodes"]),
                tools={name: Path(program) for name, program in data["tools"].items()},
                ports=dict(data["ports"]),
                programs=str(data.get("programs", "")),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SandboxError(
                f"The specification of the sandbox cannot be read: {error}",
                where=str(path),
                fix="stop the sandbox and start it again",
            ) from error
