"""Slow learning: data with language actions, training, and their record."""
