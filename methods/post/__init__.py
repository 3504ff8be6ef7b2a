"""Post-processors: one module each; they change the decisions of a trained method, not the method.

Nothing below this package imports torch, so that stored predictions can be treated in a report.
"""
