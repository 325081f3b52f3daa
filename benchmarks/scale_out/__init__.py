"""How much faster Level 2 trains on several cards of one machine: ``python -m
benchmarks.scale_out``.

The same effective batch, 8 passes of 16 samples, is shared out among one, two or more processes
that ``torchrun`` starts, each on a card of its own:

    python -m benchmarks.scale_out --processes 1 2 --json scale-out.json --markdown scale-out.md
    python -m benchmarks.scale_out --processes 4 --merge scale-out.json --json scale-out.json
    python -m benchmarks.scale_out --from scale-out.json --markdown scale-out.md
    python -m benchmarks.scale_out --tiny --processes 1 2

Every process reads the same Qwen2-VL-2B of random weights in 16 bits under the adapters of
``stated``, keeps the frozen tower's outputs and takes real steps by ``Training.step``, without
dropout. The passes are made of 64 samples with distinct frames, each of which comes twice in a step
of 128; who makes which pass changes from step to step, so that in warm-up every process has seen
every shape. A step is as long as it is for the slowest process.

Losses of every step are held against those of one process, and the trained adapters' hashes
against one another. ``--tiny`` runs everything on the CPU with the miniature and gloo.

Not covered: several machines, reading and processing pictures, evaluation, saving.
"""
