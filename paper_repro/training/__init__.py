"""Levels of training: what is frozen, what is stacked, and real steps. Imports torch lazily."""
