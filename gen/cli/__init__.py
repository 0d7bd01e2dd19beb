"""The command ``gen``: the only package that prints."""
