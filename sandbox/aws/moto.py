import http.client
import sys
from pathlib import Path

from sandbox.control_plane.part import Part, bare_environment


def moto_part(port: int, home: Path) -> Part:
    """The served AWS API: moto's server in the interpreter that runs the sandbox.

    Args:
        port: The port on 127.0.0.1 to listen on.
        home: A directory to use as its home, so that it reads nobody's ``~/.aws``.
    """
    return Part(
        name="moto",
        command=(sys.executable, "-m", "sandbox.aws.server", "-H", "127.0.0.1", "-p", str(port)),
        environment=bare_environment(
            HOME=str(home),
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",  # noqa: S106 - moto accepts any; a real one must not be here
            AWS_EC2_METADATA_DISABLED="true",
            MOTO_IAM_LOAD_MANAGED_POLICIES="true",
            PYTHONDONTWRITEBYTECODE="1",
            MALLOC_ARENA_MAX="2",
        ),
        port="moto",
        forgets=True,
    )


def moto_answers(port: int) -> bool:
    """Whether the served AWS API answers on a port."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2.0)
    try:
        connection.request("HEAD", "/moto-api/")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
