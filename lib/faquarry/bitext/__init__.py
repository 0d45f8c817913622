"""The same pair in other languages: candidates, evidence, and the rules of release."""
