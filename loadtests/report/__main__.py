"""Writes the report of a load anew: `python -m loadtests.report var/load/commuter-…`."""

import sys
from pathlib import Path

from loadtests.report.writing import write_report

if __name__ == "__main__":
    sys.exit(write_report(Path(sys.argv[1])))
