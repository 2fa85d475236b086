from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from sandbox.control_plane.nodes import HOST_NODE

Object = dict[str, Any]
Runnable = Callable[[Mapping[str, Any]], bool]
SIMULATE_ANNOTATION = "sandbox.platform/simulate"


def belongs_here(pod: Mapping[str, Any], runnable: Runnable) -> bool:
    """Whether a pod is to run for real: there is a program for each container, and nobody asked for a simulation."""
    annotations = pod.get("metadata", {}).get("annotations") or {}
    return SIMULATE_ANNOTATION not in annotations and runnable(pod)


def filtered(arguments: Object, runnable: Runnable) -> Object:
    """The answer to the scheduler's question which nodes a pod may go to.

    Field names are those of k8s.io/kube-scheduler/extender/v1, which have no JSON tags: Go's own names.

    Args:
        arguments: ``ExtenderArgs``, with the names of nodes.
        runnable: Whether there is a program for each container of a pod.

    Returns:
        An ``ExtenderFilterResult``.
    """
    given = {key.lower(): value for key, value in arguments.items()}
    here = belongs_here(given["pod"], runnable)
    names: list[str] = given.get("nodenames") or []
    kept = [name for name in names if (name == HOST_NODE) == here]
    why = "its images run as processes of this machine" if here else "no program here stands for its images"
    # "unresolvable" keeps the scheduler from evicting others: no room that it makes would change the answer
    refused = {name: why for name in names if name not in kept}
    return {"NodeNames": kept, "FailedAndUnresolvableNodes": refused}


def application(runnable: Runnable) -> web.Application:
    """The extender as a web application."""

    async def filter_nodes(request: web.Request) -> web.Response:
        return web.json_response(filtered(await request.json(), runnable))

    made = web.Application(client_max_size=8 * 2**20)
    made.router.add_post("/filter", filter_nodes)
    return made
