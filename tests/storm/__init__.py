"""Processes are killed while the line works; afterwards an independent checker compares what came of it."""
