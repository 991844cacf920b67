"""selfalign: principle-driven self-alignment data from a base model and under 300 lines of human input."""

__version__ = "0.1.0"
