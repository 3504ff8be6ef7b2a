"""Ways to run cells: here on local processes."""
