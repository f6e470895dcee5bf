"""The messages to people, on a real database."""
