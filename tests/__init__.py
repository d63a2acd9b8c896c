"""What needs more than one service."""
