"""Measure a system on the split: figures, tables, plots."""
