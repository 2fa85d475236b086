"""model-server: answers prices with predictions of the price model, and tries new versions beside the present one."""

SERVICE = "model-server"
__version__ = "0.1.0"
