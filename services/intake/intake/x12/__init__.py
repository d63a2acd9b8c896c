"""X12: segments from bytes, the envelope's controls, and professional claims (837P 005010X222A1 and A2)."""
