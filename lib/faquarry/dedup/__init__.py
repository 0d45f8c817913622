"""Which pairs repeat: the same question, nearly the same text, the same meaning."""
