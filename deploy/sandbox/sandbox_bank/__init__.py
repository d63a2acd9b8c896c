"""A bank for sandboxes: takes files, answers with acknowledgements, statements and returns."""
