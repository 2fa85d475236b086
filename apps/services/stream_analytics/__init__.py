"""stream-analytics: statistics of prices over event-time windows, from Kafka to Kafka, each window exactly once."""

SERVICE = "stream-analytics"
__version__ = "0.1.0"
