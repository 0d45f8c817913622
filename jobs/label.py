"""spark-submit jobs/label.py …: the same as `faquarry label …`."""

import sys

from faquarry.cli import main

sys.exit(main(["label", *sys.argv[1:]]))
