"""Verdicts in words, tables and files."""
