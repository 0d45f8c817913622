"""spark-submit jobs/evaluate.py …: the same as `faquarry evaluate …`."""

import sys

from faquarry.cli import main

sys.exit(main(["evaluate", *sys.argv[1:]]))
