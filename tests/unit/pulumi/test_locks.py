"""Whether the process that took a lock can still be working."""

import os
import socket
import subprocess
import sys

from opsdecl.targets.pulumi.locks import is_dead

HOST = socket.gethostname()


def test_a_process_that_works_is_alive() -> None:
    assert not is_dead(HOST, os.getpid())


def test_a_process_that_nobody_has_asked_how_it_ended_is_dead() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_dead(HOST, process.pid)
    process.communicate()
    assert is_dead(HOST, process.pid)


def test_of_another_machine_nothing_is_known() -> None:
    assert not is_dead("another.example.com", 2**22 + 1)
