"""An imaginary estate, and the days lived in it."""
