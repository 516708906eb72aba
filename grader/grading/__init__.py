"""Grading a class: rebuild, execute in a jail, decide outside, store, report."""
