"""Appearance embeddings."""
