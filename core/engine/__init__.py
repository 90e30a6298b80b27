"""The engine: runs tasks, in this process or in a child."""
