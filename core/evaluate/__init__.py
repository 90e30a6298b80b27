"""Measures of a world: what it predicts, obeys, keeps and costs."""
