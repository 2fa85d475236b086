"""prediction-consumer: every commodity price on Kafka becomes one prediction on Kafka, exactly once."""

SERVICE = "prediction-consumer"
__version__ = "0.1.0"
