"""Runs TLC and reads what it says, whatever the spec is about."""
