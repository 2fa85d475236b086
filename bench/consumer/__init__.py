"""prediction-consumer on a real broker: prices a second of one process, beside the same loop without HTTP."""

from bench.consumer.measure import main

__all__ = ["main"]
