"""Keeps what is shown true: after every change the parts that care get the new values."""
