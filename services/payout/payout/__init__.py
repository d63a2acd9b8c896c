"""Payout: when and how it is paid, what the bank said, what is held."""
