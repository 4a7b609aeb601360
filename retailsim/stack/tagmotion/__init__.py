"""Tag motion and tag zone from RFID reads."""
