"""./learn: see cli.py for the commands."""
import sys

import cli

if __name__ == "__main__":
    sys.exit(cli.main(sys.argv[1:]))
