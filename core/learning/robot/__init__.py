"""A robot arm at a table with blocks, simulated and drawn by MuJoCo."""
