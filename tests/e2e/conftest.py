import subprocess
from pathlib import Path

import pytest

from sandbox.control_plane import Endpoints
from sandbox.tools.resolver import resolve
from tests.support.openapi_schemas import write_schemas
from tests.support.sandbox import running_sandbox

__all__ = ["running_sandbox"]


@pytest.fixture(scope="session")
def kubeconform_schemas(running_sandbox: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The start of a kubeconform command line: strict, with the schemas of the API server itself."""
    import json

    tools = resolve(["kubectl", "kubeconform"], print)
    command = [
        str(tools["kubectl"]),
        "--kubeconfig",
        str(running_sandbox.kubeconfig_path),
        "get",
        "--raw",
        "/openapi/v2",
    ]
    document = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    folder: Path = tmp_path_factory.mktemp("schemas")
    assert write_schemas(document, folder) > 100
    location = f"{folder}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    return [str(tools["kubeconform"]), "-strict", "-ignore-missing-schemas", "-schema-location", location]
