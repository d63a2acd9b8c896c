"""Requests that are known to repeat an earlier one, among many that only look like it: for measuring who finds them.

Labels come from how a request was made, never from anything that looks for duplicates; slips, shifts and splits are
drawn without knowledge of any threshold.
"""
