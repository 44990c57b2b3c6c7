"""What the operator sees: logs, health, metrics."""
