"""Measures what an operation costs. Nothing here asserts anything about time."""
