"""Intake: who sent a payment request, is it whole, have we seen it."""
