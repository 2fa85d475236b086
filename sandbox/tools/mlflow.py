import sys
from pathlib import Path

from sandbox.tools.cache import Progress
from sandbox.tools.wheels import wheels

SERVICES = Path(__file__).resolve().parents[2] / "apps" / "services"
LOCK = SERVICES / "mlflow_server" / "requirements.lock"


def find_mlflow(progress: Progress) -> tuple[Path, str]:
    """The interpreter that runs MLflow's server, and its ``PYTHONPATH``: what the server's image has, on this machine.

    MLflow's server and its clients need packages that cannot be installed together, so the interpreter is the one that
    the sandbox's own environment was made from, without that environment.

    Raises:
        SandboxError: Its wheels (390 MB installed) cannot be installed.
    """
    folder = wheels("mlflow", progress, lock=LOCK)
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return Path(sys.base_prefix) / "bin" / name, f"{folder}:{SERVICES}"
