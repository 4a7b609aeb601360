"""Synthetic data sets, losses and training recipes."""
