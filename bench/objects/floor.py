"""The SDK's own floor: the same program against a monitor that answers at once. Prints the seconds it took."""

from __future__ import annotations

import asyncio
import os
import runpy
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime import set_all_config, settings
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.stack import run_in_stack

from sandbox.engine import urns
from sandbox.engine.monitor import FEATURES


class _Answers:
    """Answers every registration with its own inputs."""

    def GetDeploymentInfo(self, request: Any) -> Any:  # noqa: ARG002, N802 the service's own names
        return resource_pb2.DeploymentInfo(project="bench-objects", stack="local", supportedFeatures=FEATURES)

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        urn = urns.build("local", "bench-objects", request.parent, request.type, request.name)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=request.name, object=request.object)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: ARG002, N802
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: Any) -> Any:  # noqa: ARG002, N802
        return empty_pb2.Empty()


async def _run(folder: str) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(max_workers=10_000))
    await run_in_stack(lambda: runpy.run_path(folder, run_name="__main__") and None)


def main() -> None:
    """Run the program in the folder given as the first argument."""
    folder = sys.argv[1]
    set_all_config({}, [])
    settings.reset_options(project="bench-objects", stack="local", monitor_address=_Answers(), preview=False)  # type: ignore[arg-type]
    os.chdir(folder)
    begin = time.perf_counter()
    asyncio.run(_run(folder))
    print(time.perf_counter() - begin)


if __name__ == "__main__":
    main()
