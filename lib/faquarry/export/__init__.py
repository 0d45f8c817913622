"""Files that other tools read: one folder a format, with a card and checksums."""
