"""Remittance: what the payment means line by line, and that all sums agree."""
