"""Losses once more, in NumPy: one module a method, written from the specification alone.

A module `tests/oracles/<key>.py` holds

    CASES: settings under which the losses are compared (the first is {} = the defaults)
    terms(given) -> {name: value} of one update, for the same names as the method's own terms

and imports NumPy, `math` and other oracles only: no torch, nothing of the suite.
"""
