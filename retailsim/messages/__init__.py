"""What flows between devices, stages and scoring: frozen struct-of-arrays messages."""
