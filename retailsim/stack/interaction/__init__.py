"""Matching moved garments to people."""
