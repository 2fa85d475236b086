"""stream-gateway: market data to WebSocket clients; for now its health, readiness and metrics."""

SERVICE = "stream-gateway"
__version__ = "0.1.0"
