"""Audit: every message, sealed, so that anyone can verify it."""
