"""Tracking within one camera."""
