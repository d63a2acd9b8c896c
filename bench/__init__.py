"""What is measured, how, and against what. Never a test: figures depend on the machine and on what else it does."""
