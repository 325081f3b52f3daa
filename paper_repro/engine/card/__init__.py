"""Kernels for cards, in Triton, where a profile showed the libraries' in the way; one a module.

Each is a torch operator, so that torch.compile takes it as it is. Triton is imported by these
modules and nowhere else.
"""
