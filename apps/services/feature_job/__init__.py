"""feature-job: daily history into PostgreSQL, features computed from it, and the newest of them into Redis."""

SERVICE = "feature-job"
__version__ = "0.1.0"
