"""Figures for print and page: style, layout in millimetres, and files that are the same again."""
