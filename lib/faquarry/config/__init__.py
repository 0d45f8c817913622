"""Settings: what there is, and how a file and the command line change it."""

from faquarry.config.load import Configured, load
from faquarry.config.settings import Settings

__all__ = ["Configured", "Settings", "load"]
