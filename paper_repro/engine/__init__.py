"""The arithmetic of a step: packed tokens through the language model, to the loss.

Modules import torch when they are imported, so whoever needs one imports it inside a function.
"""

IGNORED = -100
"""Label of a token that is not learned."""
FEATURES = "features"
"""Key of a micro-batch for ready tower outputs, in place of ``pixel_values``."""
TECHNIQUES = {
    "packing": "rows one behind the other, without padding",
    "labelled": "the vocabulary is scored at labelled tokens only",
    "last-layer": "the last layer's MLP is computed at labelled tokens only",
    "one-product": "adapters are columns of the layer's own product",
    "kernel": "attention of short rows, gated MLPs' gradients, adapters' copies by own kernels",
    "compile": "small operations are fused by torch.compile",
    "graphs": "a pass is one launch: a CUDA graph",
}
"""What makes a step fast without changing what it computes, by name."""
