"""Language models behind an OpenAI-compatible endpoint: one question, and many at a time."""
