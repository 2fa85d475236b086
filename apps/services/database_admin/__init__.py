"""Makes roles and databases of a PostgreSQL that AWS runs what a file says."""

SERVICE = "database-admin"
__version__ = "0.1.0"
