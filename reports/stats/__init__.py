"""Statistics of fairness on plain arrays: tests, effects with intervals, multiplicity, power.

Functions here know no data set, no table and no file; undefined results are NaN with a reason.
"""
