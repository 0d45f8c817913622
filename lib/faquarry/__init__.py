"""faquarry: mine the web's FAQ markup into Delta tables, and train robust retrievers on them."""

__version__ = "0.1.0.dev0"
