"""How money leaves: one module per rail. Today ACH credits."""
