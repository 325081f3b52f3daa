"""Real steps of the study's run on this machine, timed: what its hours would be here.

``run.bench(study, variant, size)`` needs a CUDA card for the true shape and no download: weights
are random, which takes the same time. ``record`` is what comes of it, and needs no torch.
"""
