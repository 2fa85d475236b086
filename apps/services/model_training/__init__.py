"""model-training: learns the price model from daily histories, reports honestly, and registers it in MLflow."""

SERVICE = "model-training"
__version__ = "0.1.0"
