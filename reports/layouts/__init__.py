"""Table layouts, one file each; every module of this folder is found without being listed."""
