"""Fixtures that give tests a real Kafka and a real PostgreSQL."""
