"""The radio channel and the reader."""
