"""Re-derive, judge and re-run the training claims of a fine-tuning paper."""

__version__ = "0.1.0"
