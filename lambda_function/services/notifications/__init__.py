"""Messages to people: planned from events and by the clock, composed when claimed, and settled by their outcome."""
