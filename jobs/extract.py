"""spark-submit jobs/extract.py …: the same as `faquarry extract …`."""

import sys

from faquarry.cli import main

sys.exit(main(["extract", *sys.argv[1:]]))
