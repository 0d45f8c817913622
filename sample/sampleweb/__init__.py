"""From the plain-text sites beside this folder to one web archive and its expected result."""
