"""Makes topics, users and permissions of a Kafka what a file says."""

SERVICE = "kafka-admin"
__version__ = "0.1.0"
