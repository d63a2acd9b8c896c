"""The portal in a real browser, on the real line."""
