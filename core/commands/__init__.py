"""What can be done without a window: main.py's commands."""
