"""Measured ratios, one run each: ``python -m tests.benchmarks [--only NAME] [--json FILE]``."""
