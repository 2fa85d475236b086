from sandbox.control_plane.endpoints import Endpoints
from sandbox.control_plane.lifecycle import (
    Status,
    admin_client,
    destroy,
    ensure_running,
    list_sandboxes,
    status,
    stop,
)
from sandbox.control_plane.nodes import DEFAULT_NODES, NodeSize

__all__ = [
    "DEFAULT_NODES",
    "Endpoints",
    "NodeSize",
    "Status",
    "admin_client",
    "destroy",
    "ensure_running",
    "list_sandboxes",
    "status",
    "stop",
]
