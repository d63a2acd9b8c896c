"""The local stack: Kafka, PostgreSQL and every service as processes, from wheels only."""
