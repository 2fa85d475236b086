"""The Kubernetes provider of the embedded engine."""

from sandbox.engine.providers.kubernetes.connection import Connection, Settings
from sandbox.engine.providers.kubernetes.preview import SCRATCH_NAMESPACE
from sandbox.engine.providers.kubernetes.provider import KubernetesProvider

__all__ = ["SCRATCH_NAMESPACE", "Connection", "KubernetesProvider", "Settings"]
