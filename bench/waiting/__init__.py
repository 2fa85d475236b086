"""200 Deployments that never become ready must not hold up an unrelated ConfigMap."""

from bench.waiting.measure import Outcome, main, run

__all__ = ["Outcome", "main", "run"]
