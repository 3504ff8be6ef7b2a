"""Results of other suites: their stored files to rows, and rows to honest intervals."""
