"""The rule catalogue: dated, versioned data files, and the engine that evaluates them."""
