"""Proofs for any number of CPUs and any zone size, and their certificates."""
