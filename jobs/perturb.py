"""spark-submit jobs/perturb.py …: the same as `faquarry perturb …`."""

import sys

from faquarry.cli import main

sys.exit(main(["perturb", *sys.argv[1:]]))
