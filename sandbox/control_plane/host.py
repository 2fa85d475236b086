import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from sandbox.control_plane.nodes import NodeSize, room_of
from sandbox.control_plane.part import HOST_PORT, Part, bare_environment
from sandbox.control_plane.pki import HOST, Pki
from sandbox.tools.cache import cache_root

PROGRAMS = "sandbox.host.programs"
"""The module that knows which images run as processes of this machine."""

_CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class HostPlan:
    """How pods run as processes of this machine.

    Attributes:
        nodes: The simulated nodes, whose room together is that of the node that runs pods.
        programs: The module that knows which images can.
    """

    nodes: tuple[NodeSize, ...]
    programs: str = PROGRAMS


def host_part(plan: HostPlan, pki: Pki, *, server: str, home: Path, port: int) -> Part:
    """The agent that runs pods as processes; it also tells the scheduler which ones.

    Args:
        plan: What it runs.
        pki: Where its certificate is.
        server: The API server.
        home: Where it keeps pods and logs.
        port: The port on 127.0.0.1 on which the scheduler asks.
    """
    room = room_of(plan.nodes)
    return Part(
        name="host",
        command=(
            sys.executable,
            "-m",
            "sandbox.host.agent",
            f"--server={server}",
            f"--ca={pki.ca}",
            f"--cert={pki.client(HOST)}",
            f"--key={pki.client_key(HOST)}",
            f"--home={home}",
            f"--port={port}",
            f"--room={json.dumps(room)}",
            f"--programs={plan.programs}",
        ),
        environment=_environment(home),
        port=HOST_PORT,
        stop_seconds=15.0,  # the pods' eight, two for what they leave, three for connections; and a reserve
    )


def _environment(home: Path) -> dict[str, str]:
    """The agent's environment: enough of the user's to find the same tools, which pods do not inherit."""
    finding = {name: os.environ[name] for name in ("PATH", "JAVA_HOME") if name in os.environ}
    own = {"PYTHONPATH": str(_CHECKOUT), "HOME": str(home), "XDG_CACHE_HOME": str(cache_root().parent)}
    return bare_environment(**{**finding, **own, "MALLOC_ARENA_MAX": "2"})
