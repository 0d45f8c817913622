"""spark-submit jobs/align.py …: the same as `faquarry align …`."""

import sys

from faquarry.cli import main

sys.exit(main(["align", *sys.argv[1:]]))
