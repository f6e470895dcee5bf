"""The registers of countries, each in a database of its own, from the event to the outcome."""
