"""Annotation-bias audit: is a label given to one group more often when the face does the same?

From observations or counts to tests, tables, figures and a page. Source: Chen and Joo 2021,
supplement; metrics.md 10.
"""
