"""Faults that were met in the field, each by its number: A19 to A26.

What is pure in them has its tests in `tests/routing` and `tests/sessions` too.
"""
