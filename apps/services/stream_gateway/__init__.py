"""stream-gateway: market data and predictions to WebSocket clients, each from where it left off."""

SERVICE = "stream-gateway"
__version__ = "0.2.0"
