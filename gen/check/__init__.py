"""Verdicts: searches, replays, and the choice among counterexamples."""
