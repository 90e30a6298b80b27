"""The phrase books of the sources beside the first-person one: one table a domain."""
