"""Options of the commands; imports nothing heavy, for `--help` must be quick."""
