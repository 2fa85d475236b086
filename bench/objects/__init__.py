"""1,000 objects through the engine, against raw concurrent server-side apply and kubectl in the same run."""

from bench.objects.compare import main

__all__ = ["main"]
