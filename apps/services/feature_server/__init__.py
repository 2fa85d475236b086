"""feature-server: the newest features of symbols, by HTTP, from the tenant's own store."""

SERVICE = "feature-server"
__version__ = "0.1.0"
