"""The appointment backend of dental clinics. `__version__` is what `GET /health` answers."""

__version__ = "0.1.0"
