"""Finds the arithmetic a trained network needs, no more and no less, and emulates it bit for bit."""
