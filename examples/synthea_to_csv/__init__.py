"""Turns Synthea's claims (CSV export) into claims CSV with reference data, so that they can be paid in a sandbox.

Synthea has no NPIs, TINs, bank accounts or HCPCS codes, and its claims are years old. What they lack is made up from
the seed and written beside them. Nothing of the source files is kept in this project.
"""
