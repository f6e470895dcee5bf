"""Runs a server for exactly as long as standard input stays open, then removes the server's run folder.

    python keeper.py SIGNAL RUN_FOLDER COMMAND...

Who starts this holds the other end of the pipe. Closing it, or dying in any way at all, SIGKILL included,
stops the server with SIGNAL. It is a process of its own because nobody else survives to clean up. It imports
nothing of the project, so that it is there in a few milliseconds.
"""

import os
import shutil
import subprocess
import sys
import threading

_SECONDS_TO_STOP = 20


def _stop_at_end_of_input(server: subprocess.Popen[bytes], signal: int) -> None:
    while os.read(0, 1):  # not sys.stdin, whose lock would trouble an interpreter that exits meanwhile
        pass
    server.send_signal(signal)
    try:
        server.wait(_SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        server.kill()


def main() -> int:
    signal, run, *command = sys.argv[1:]
    # The lock of the data folder is inherited, so that it stays taken for as long as the server lives.
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, close_fds=False)
    threading.Thread(target=_stop_at_end_of_input, args=(server, int(signal)), daemon=True).start()
    try:
        return server.wait()
    finally:
        shutil.rmtree(run, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
