"""What the verbs that read archives share: sources cut into parts, parts packed into tasks, batches staged and committed."""
