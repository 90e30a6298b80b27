"""Masked conditional diffusion, written once for every world."""
