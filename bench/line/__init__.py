"""The whole line from request to approved and to scheduled, beside a bare pass-through of the same records and hops."""
