"""spark-submit jobs/graph.py …: the same as `faquarry graph …`."""

import sys

from faquarry.cli import main

sys.exit(main(["graph", *sys.argv[1:]]))
