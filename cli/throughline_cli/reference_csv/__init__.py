"""Reference data from CSV files: each row is read on its own, and what is wrong is told with row and column."""
