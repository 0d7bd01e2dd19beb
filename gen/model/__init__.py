"""What lies in ``specs/``, typed and checked, and the modules that are rendered of it."""
