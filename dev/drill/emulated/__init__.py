"""What runs inside the emulator, in the emulator's own Python: nothing of it may import what only the project has."""
