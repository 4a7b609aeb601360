"""The session bag: write, read, inspect, import, cut, repair."""
