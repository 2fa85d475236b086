"""The engine's monitor behind the SDK's own gRPC service, and a program in a process of its own that talks to it.

Started as `python -m tests.support.engine_wire <address> <project> <stack> <plan|apply>` it runs `program`.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pulumi
from pulumi import Output, ResourceOptions
from pulumi.runtime import settings
from pulumi.runtime.proto import resource_pb2_grpc
from pulumi.runtime.stack import run_in_stack

from sandbox.engine.events import Diagnostic
from sandbox.engine.monitor import Monitor
from sandbox.engine.secrecy import Redactor
from sandbox.engine.session import ProgramFailedError, RunRequest
from tests.support.engine_harness import Drive, Group, Harness, Thing, fake_provider

METHODS = (
    "GetDeploymentInfo",
    "SupportsFeature",
    "RegisterResource",
    "RegisterResourceOutputs",
    "SignalAndWaitForShutdown",
    "Invoke",
    "Call",
    "ReadResource",
)


def program() -> None:
    """Something of everything that goes over the wire."""
    provider = fake_provider()
    group = Group("group")
    first = Thing("first", ResourceOptions(provider=provider, parent=group, protect=True), name="first", size=2)
    mixed = {"whole": 3, "half": 0.5, "none": None, "list": [1, "a", True], "deep": {"a.b": Output.secret("hidden-1")}}
    second = Thing("second", ResourceOptions(provider=provider, parent=group), name="second", mixed=mixed)
    Thing(
        "third",
        ResourceOptions(provider=provider, depends_on=[second], ignore_changes=["size"], aliases=[pulumi.Alias("was")]),
        name="third",
        label=Output.concat("<", first.computed, first.password, ">"),
        size=1,
    )
    group.register_outputs({"computed": first.computed})
    pulumi.export("computed", first.computed)
    pulumi.export("password", first.password)


def servicer(monitor: Monitor) -> Any:
    """Return the SDK's service with every method answered by the monitor."""

    def answer(method: str) -> Callable[[Any, Any, grpc.ServicerContext], Any]:
        def call(_: Any, request: Any, context: grpc.ServicerContext) -> Any:
            try:
                return getattr(monitor, method)(request)
            except Exception as error:  # noqa: BLE001 the other side is another process
                context.abort(grpc.StatusCode.UNKNOWN, str(error))

        return call

    served = type("Served", (resource_pb2_grpc.ResourceMonitorServicer,), {name: answer(name) for name in METHODS})
    return served()


class WireHarness(Harness):
    """A harness whose program is a child process on the other end of a loopback connection."""

    def _driver(self, request: RunRequest, emit: Any, redactor: Redactor, program: Callable[[], None]) -> Drive:
        def drive(monitor: Monitor, cancelled: threading.Event) -> None:
            server = grpc.server(ThreadPoolExecutor(max_workers=32))
            resource_pb2_grpc.add_ResourceMonitorServicer_to_server(servicer(monitor), server)
            port = server.add_insecure_port("127.0.0.1:0")
            server.start()
            try:
                arguments = (f"127.0.0.1:{port}", request.project, request.stack, request.mode)
                done = subprocess.run(
                    [sys.executable, "-m", "tests.support.engine_wire", *arguments],
                    capture_output=True,
                    text=True,
                    timeout=120,
                    check=False,
                )
            finally:
                server.stop(None)
            if done.returncode:
                cancelled.set()
                emit(Diagnostic("error", redactor.redact(done.stdout + done.stderr)))
                raise ProgramFailedError

        return drive


def main() -> None:
    """Run the program against the monitor at an address."""
    address, project, stack, mode = sys.argv[1:]
    settings.reset_options(
        project=project, stack=stack, monitor_address=address, preview=mode == "plan", organization="organization"
    )
    asyncio.run(run_in_stack(program))


if __name__ == "__main__":
    main()
