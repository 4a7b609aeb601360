"""What a fitting mirror shows: articles for the visitor before it."""
