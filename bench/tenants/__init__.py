"""Preview, policies and deployment of prod with 1, 10 and 100 tenants: time, memory, and how both grow."""

from bench.tenants.measure import main

__all__ = ["main"]
