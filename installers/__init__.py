"""Sets the studio up on a bare machine. Standard library only; start it with bootstrap.py."""
