"""Validation: which rules, which duplicates, what price, who must look."""
