"""Runs another module as a child process that ends when its parent does, however that ends.

``python -m flows.service.child MODULE ARGUMENTS...``: the parent holds the other end of this
process's standard input; when the parent is gone, killed or not, reading it ends. What the child
itself has started, in the session that it leads, ends with it.
"""

import atexit
import os
import runpy
import signal
import sys
import threading
import time

GRACE_SECONDS = 5.0


def _end_with_parent() -> None:
    while os.read(0, 1):  # not sys.stdin: Python must not wait for its lock at the end
        pass
    atexit.register(_end_session)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    _end_session()


def _end_session() -> None:
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
