"""A seeded generator of sample input for the whole line, and of the outcome expected of everything it sends."""
