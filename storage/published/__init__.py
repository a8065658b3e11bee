"""The published copy: written as a whole, opened read-only, queried."""
