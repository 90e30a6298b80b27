"""The starter world: a small first-person video diffusion model of our own, shipped with the app."""
