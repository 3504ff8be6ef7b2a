"""Do the numbers of a printed table fit each other? Checks by exact interval arithmetic."""
