"""How long gen takes beside other model checkers: ``python -m benchmarks``."""
