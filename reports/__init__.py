"""From predictions to fairness numbers, tables and documents.

The package imports nothing of EvenFace's other folders and no torch, so it can be used on
predictions that another program made. Importing it is cheap: the parts that need pandas are
`reports.measure`, `reports.metrics_csv`, `reports.assemble` and `reports.report`.
"""
