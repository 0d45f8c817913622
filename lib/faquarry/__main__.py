"""``python -m faquarry``: the command line."""

import sys

from faquarry.cli import main

sys.exit(main())
