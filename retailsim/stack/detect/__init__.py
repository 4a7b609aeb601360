"""Person detection."""
