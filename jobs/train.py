"""spark-submit jobs/train.py …: the same as `faquarry train …`."""

import sys

from faquarry.cli import main

sys.exit(main(["train", *sys.argv[1:]]))
