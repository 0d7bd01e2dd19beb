"""Traces as drawings, pictures, pages and graphs."""
