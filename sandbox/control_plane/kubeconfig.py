import json
from pathlib import Path
from typing import Any

from sandbox.control_plane.endpoints import write_text
from sandbox.control_plane.pki import Identity, Pki


def write_kubeconfig(path: Path, *, context: str, server: str, pki: Pki, who: Identity) -> None:
    """Write a kubeconfig for one client (JSON, which is YAML too; mode 0600).

    Args:
        path: The file.
        context: The name of its one context.
        server: The API server's URL.
        pki: Whose certificates it points at.
        who: The client.

    Raises:
        SandboxError: The file cannot be written.
    """
    cluster = {"server": server, "certificate-authority": str(pki.ca)}
    user = {"client-certificate": str(pki.client(who)), "client-key": str(pki.client_key(who))}
    config: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [{"name": context, "cluster": cluster}],
        "users": [{"name": context, "user": user}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
    }
    write_text(path, json.dumps(config, indent=2) + "\n")
