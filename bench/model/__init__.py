"""model-server at 200 requests a second, beside a bare ASGI echo and MLflow's own scorer of the same model."""

from bench.model.measure import main

__all__ = ["main"]
