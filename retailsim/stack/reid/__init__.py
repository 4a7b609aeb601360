"""How people look: one vector per crop, alike for the same person in any camera."""
