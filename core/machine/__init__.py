"""The machine the studio runs on: what it has, what it lacks, what it can run.

Everything here imports with the standard library alone, so the bootstrap can use it before
anything is installed, and the window can ask without waiting for torch.
"""
