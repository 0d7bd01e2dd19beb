"""A counterexample: its steps, its states, and how they depend on one another."""
