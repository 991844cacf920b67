"""How the built-in miniature is made: its corpus, tokenizer, training, and the measurement of engraving.

Not part of the installed package; run from the repository's root (`make miniature`, `make engrave`).
"""
