"""price-feed: prices onto Kafka, posted one by one or replayed at a chosen rate."""

SERVICE = "price-feed"
__version__ = "0.1.0"
