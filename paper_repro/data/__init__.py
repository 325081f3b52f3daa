"""Rows in the paper's format: reading, checking, and the processor that makes tensors of them."""
