"""stream-gateway with a thousand and ten thousand connections: loss, latency and memory, beside a bare broadcast."""

from bench.gateway.measure import main

__all__ = ["main"]
