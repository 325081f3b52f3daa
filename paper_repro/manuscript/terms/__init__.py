"""The words for what was done: rules in ``rules.toml``, and where a text breaks or keeps them."""
