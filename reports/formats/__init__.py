"""Writers: each prints a `Table` as text and decides no number."""
