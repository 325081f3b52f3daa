"""A checker for manuscripts: what a text says of a fine-tuning run, and in which words.

``check(manuscript, known)`` gives findings. Files are read by ``readers``, numbers are found and
judged by ``numbers``, words by ``terms``; nothing here trains, loads or downloads a model.
"""
