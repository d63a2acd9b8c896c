"""How a service runs: positions, order, outbox, parking, health and telemetry."""
