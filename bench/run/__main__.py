"""python3 -B bench/run [--quick] [SECTION ...]: as ./learn bench, without offering to install anything."""
import signal
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[0] = str(HERE.parent)                                  # `run` is a package
sys.path.append(str(HERE.parents[1] / "tools" / "learn"))       # process, screen

from process import Interrupts    # noqa: E402
from run import frame             # noqa: E402
from screen import Stop, complain  # noqa: E402

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, Interrupts.arrive)
    signal.signal(signal.SIGINT, Interrupts.arrive)
    try:
        sys.exit(frame.main(sys.argv[1:]))
    except Stop as stop:
        complain(str(stop))
        sys.exit(stop.status)
    except KeyboardInterrupt:
        complain("interrupted before anything was measured")
        sys.exit(130)
