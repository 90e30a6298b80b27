"""Builders of real things for tests and benchmarks."""
