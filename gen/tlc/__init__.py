"""Runs TLC and reads what it says; knows no kernel."""
