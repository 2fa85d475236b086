"""The command `smoke`, which `up` ends with: one price through the whole path of what is deployed."""

from __future__ import annotations

from argparse import Namespace

from sandbox.cli.console import Console
from sandbox.cli.context import environment, print_json
from sandbox.control_plane.api_client import ApiClient
from sandbox.control_plane.lifecycle import admin_client, status
from sandbox.deploy.environment import Environment
from sandbox.errors import SandboxError
from sandbox.smoke.hosted import FEED

FILE = "smoke.json"


def smoke(arguments: Namespace, console: Console) -> int:
    """Send one price through the whole path, and print each hop with its latency and the answer."""
    where = environment(arguments)
    client = _client(where)
    if not _declares_the_path(client):
        raise SandboxError(
            f"nothing that is deployed is called {FEED}: there is no path for a price",
            where=f"the sandbox {where.paths.name}",
            fix="deploy the stack first: sandbox up",
        )
    document = _run(where, client, console)
    if arguments.json:
        print_json(document)
    return 0


def smoke_after_up(where: Environment, console: Console) -> None:
    """The same at the end of `up`, where pods run and the stack declares the path; nothing elsewhere.

    Raises:
        SandboxError: naming the hop that did not answer.
    """
    if not where.programs:
        return
    client = _client(where)
    if _declares_the_path(client):
        _run(where, client, console)


def _run(where: Environment, client: ApiClient, console: Console) -> dict[str, object]:
    from sandbox.smoke.identity import smoke_token  # noqa: PLC0415 - the HTTP client takes a while to import
    from sandbox.smoke.run import run_smoke  # noqa: PLC0415

    file = where.paths.home / FILE
    # What an earlier journey said is no answer to whether the path works now.
    file.unlink(missing_ok=True)
    journey = run_smoke(where.paths.host, lambda: smoke_token(client), console.progress)
    journey.write(file)
    console.result()
    for line in journey.lines():
        console.result(line)
    return journey.to_json()


def _client(where: Environment) -> ApiClient:
    endpoints = status(where.paths.name, root=where.paths.root).endpoints
    if endpoints is None:
        raise SandboxError(f"the sandbox {where.paths.name!r} does not run", where="--name", fix="start it: sandbox up")
    return admin_client(endpoints)


def _declares_the_path(client: ApiClient) -> bool:
    return bool(client.get(f"/apis/apps/v1/deployments?fieldSelector=metadata.name%3D{FEED}")["items"])
