from dataclasses import dataclass, field


@dataclass(frozen=True)
class Part:
    """One process of a sandbox.

    Attributes:
        name: The part's name, also that of its log.
        command: The program and its arguments.
        title: What the program is told that it is called; by default its path. Kubernetes' programs sign what they
            write with it, and the cache's file names carry versions.
        environment: Its whole environment; nothing is inherited, so that no credential of the user can reach it.
        port: The name of the port that it listens on; empty when it listens on none.
        stop_seconds: How long it may take to end after SIGTERM before it is killed.
        forgets: True when it keeps its state in memory only, so that each start is a new, empty one.
    """

    name: str
    command: tuple[str, ...]
    title: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    port: str = ""
    stop_seconds: float = 1.0
    forgets: bool = False


PORTS = ("etcd", "api", "moto")
HOST_PORT = "host"
"""Where the agent of host processes answers the scheduler; only a sandbox that has the agent has the port."""


def bare_environment(**extra: str) -> dict[str, str]:
    """The environment of a part: a PATH, a locale and what is given."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", **extra}
