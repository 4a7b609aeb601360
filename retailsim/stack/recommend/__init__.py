"""The fitting mirror's recommender."""
