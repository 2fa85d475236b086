"""MLflow's tracking server and model registry, started with its password from a file."""

SERVICE = "mlflow-server"
__version__ = "0.1.0"
