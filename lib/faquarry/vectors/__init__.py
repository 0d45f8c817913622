"""Texts to vectors, and vectors to neighbours: encoders by name or folder, exact and approximate search."""
