"""The right words: what a methods section may say of a run, and where each number is from."""
