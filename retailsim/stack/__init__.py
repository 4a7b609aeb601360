"""Wing 2, what is under test: every stage of the perception stack."""
