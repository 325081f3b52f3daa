"""How fast Level 2 trains on one card, beside other trainers: ``python -m benchmarks.speed``.

Every contender trains the same adapter (r=16 on q, k, v and o) over the same frozen Level 1 adapter
(r=32 on seven modules) and the same frozen Qwen2-VL-2B of random weights, on the same samples in
the same order, 16 of them an update, in a process of its own:

    python -m benchmarks.speed --json speed.json --markdown speed.md --figure speed.svg
    python -m benchmarks.speed --only trl ms-swift --python-path ms-swift=FOLDER --merge speed.json
    python -m benchmarks.speed --ablation --keep FOLDER --json ablation.json
    python -m benchmarks.speed --from speed.json --markdown speed.md --figure speed.svg
    python -m benchmarks.speed --tiny --only package trl

Samples are ready tensors: pictures have been through the image processor before, so no contender
pays for that, and peers' pixels lie in pinned memory. There is no dropout, so that the loss and the
gradients of the first update can be compared, which is done before anything is timed. Frames are
all distinct. ``--tiny`` runs everything on the CPU with the miniature.

Not covered: reading and processing pictures, evaluation, saving, several cards, how well anything
learns: neither time nor memory depends on what the weights are.
"""
