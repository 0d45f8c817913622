"""A language model as the judge of aligned pairs."""
