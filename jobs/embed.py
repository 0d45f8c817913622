"""spark-submit jobs/embed.py …: the same as `faquarry embed …`."""

import sys

from faquarry.cli import main

sys.exit(main(["embed", *sys.argv[1:]]))
