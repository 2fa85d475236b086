from pathlib import Path

from sandbox.control_plane.nodes import SIMULATED_LABEL
from sandbox.control_plane.part import Part, bare_environment

STAGES = Path(__file__).resolve().parent / "stages"


def kwok_part(binary: Path, *, server: str, kubeconfig: Path, config: Path) -> Part:
    """The simulator of kubelets: it plays the stages on the nodes that carry the label. It opens no port.

    It keeps no leases: one that is restarted would have to wait until those of its forerunner expire, and no pod would
    start in the meantime. Nodes report by a stage instead.
    """
    return Part(
        name="kwok",
        title="kwok",
        command=(
            str(binary),
            f"--kubeconfig={kubeconfig}",
            f"--master={server}",
            f"--config={config}",
            f"--manage-nodes-with-label-selector={SIMULATED_LABEL}=true",
            "--node-lease-duration-seconds=0",
            "--v=WARN",
            "--node-ip=127.0.0.1",
            "--cidr=10.244.0.1/16",
        ),
        environment=bare_environment(GOGC="50", HOME=str(config.parent)),
    )


def kwok_config() -> str:
    """The stages as one document stream, in the order of their file names."""
    return "---\n".join(path.read_text(encoding="utf-8") for path in sorted(STAGES.glob("*.yaml")))
