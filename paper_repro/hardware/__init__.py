"""FLOPs, bytes and rates: what the arithmetic alone says of hours, memory and cost."""
