"""Train a run of the lab in this process: see process.py. Started by `Lab`, not by people."""

import sys

from inkdigits.lab.process import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
