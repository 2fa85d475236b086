"""AWS for the embedded engine: one adapter per resource type, against an endpoint on the loopback interface."""
