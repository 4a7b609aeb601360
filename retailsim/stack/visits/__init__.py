"""Footfall, dwell, heat map and flow."""
