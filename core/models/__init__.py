"""Getting worlds: what can be fetched, under which licence, onto which disk, and away again.

Nothing here imports torch. Only ``hub`` speaks to a network.
"""
