"""Everything the studio does, without a window. Never imports Qt."""
