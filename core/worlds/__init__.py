"""Model families behind one protocol (`core.worlds.protocol`)."""
