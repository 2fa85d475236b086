"""What every service of the platform shares: settings, logs, metrics, health, errors and an orderly stop."""
