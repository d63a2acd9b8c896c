"""The `throughline` command: submit, status, explain, review, verify, demo."""
