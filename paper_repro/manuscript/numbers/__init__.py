"""Statements in numbers: where a text makes them, of what, and whether they hold."""
