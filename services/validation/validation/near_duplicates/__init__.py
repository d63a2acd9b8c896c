"""Near and suspect duplicates: requests that repeat an earlier one without being the same bill to the cent.

``keys`` says by what a request is found again, ``past`` holds what was found, ``person``, ``services`` and ``verdict``
compare two requests, and ``rules`` are the dated weights and thresholds by which they do. All of it is pure.
"""
