"""Predictions that any program made: rows of a file, or arrays, to prediction sets and frames."""
