"""A person's own videos: shots, what the camera does in them, and the CSV that says it."""
