"""The document, pure edits over it, and how it is kept on disk. Imports neither Qt nor torch."""
