"""The web graph: documents and the links between them, out of archives."""
