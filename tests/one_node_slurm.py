"""A real Slurm of one node for tests: its daemons run on loopback, all they write lies in a folder.

Nothing of the system's own configuration is used, so it needs no systemd and no accounting, and
whoever runs the tests may start it.
"""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SBIN = "/usr/sbin:/sbin"
PROGRAMS = ("munged", "mungekey", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol")
SECONDS_TO_START, SECONDS_TO_END = 30.0, 10.0
CORES = 2
SECONDS_TO_REQUEUE = 5
"""A job that was requeued waits until its old credential has expired: at least five seconds."""


def missing_programs() -> list[str]:
    """Name what has to be installed: Debian has it in slurmctld, slurmd, slurm-client and munge."""
    return [name for name in PROGRAMS if not _program(name)]


@contextmanager
def one_node_slurm(folder: Path) -> Iterator[dict[str, str]]:
    """Run a cluster of this machine while the block runs.

    Args:
        folder: for all that it writes; its path is short, as it holds a socket.

    Yields:
        What the environment of its commands needs.
    """
    folder.chmod(0o755)
    daemons: list[subprocess.Popen[bytes]] = []
    environment = {"SLURM_CONF": str(folder / "slurm.conf")}
    try:
        daemons.append(_start_munge(folder))
        _write_configuration(folder)
        for name in ("slurmctld", "slurmd"):
            daemons.append(_start([name, "-D", "-f", environment["SLURM_CONF"]], folder))
        _wait_until_idle(environment, daemons, folder)
        yield environment
    finally:
        _end_jobs(environment)
        for daemon in reversed(daemons):
            _end(daemon)


def _start_munge(folder: Path) -> subprocess.Popen[bytes]:
    key = folder / "munge.key"
    subprocess.run([_program("mungekey"), "--create", f"--keyfile={key}"], check=True)
    files = [
        f"--{name}={folder / 'munge'}.{suffix}"
        for name, suffix in (
            ("socket", "socket"),
            ("pid-file", "pid"),
            ("log-file", "log"),
            ("seed-file", "seed"),
        )
    ]
    daemon = _start(["munged", "--foreground", "--force", f"--key-file={key}", *files], folder)
    _wait(lambda: (folder / "munge.socket").exists(), [daemon], folder)
    return daemon


def _write_configuration(folder: Path) -> None:
    """Describe one node with some cores, whatever the machine has, and no accounting."""
    host, user = socket.gethostname().split(".")[0], getpass.getuser()
    for name in ("state", "spool"):
        (folder / name).mkdir()
    controller, node = _free_ports(2)
    settings = {
        "ClusterName": "tests",
        "SlurmctldHost": f"{host}(127.0.0.1)",
        "SlurmctldPort": controller,
        "SlurmdPort": node,
        "SlurmUser": user,
        "SlurmdUser": user,
        "AuthType": "auth/munge",
        "AuthInfo": f"socket={folder / 'munge.socket'},cred_expire={SECONDS_TO_REQUEUE}",
        "CredType": "cred/munge",
        "StateSaveLocation": folder / "state",
        "SlurmdSpoolDir": folder / "spool",
        "SlurmctldPidFile": folder / "slurmctld.pid",
        "SlurmdPidFile": folder / "slurmd.pid",
        "SlurmctldLogFile": folder / "slurmctld.log",
        "SlurmdLogFile": folder / "slurmd.log",
        "SlurmdParameters": "config_overrides",
        "ProctrackType": "proctrack/linuxproc",
        "TaskPlugin": "task/none",
        "AccountingStorageType": "accounting_storage/none",
        "JobAcctGatherType": "jobacct_gather/none",
        "SwitchType": "switch/none",
        "MpiDefault": "none",
        "SelectType": "select/cons_tres",
        "SelectTypeParameters": "CR_Core",
        "ReturnToService": 2,
        "SchedulerParameters": "batch_sched_delay=0,sched_interval=2",
    }
    lines = [f"{name}={value}" for name, value in settings.items()]
    lines.append(f"NodeName={host} NodeAddr=127.0.0.1 CPUs={CORES} RealMemory=4000 State=UNKNOWN")
    lines.append(f"PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP")
    (folder / "slurm.conf").write_text("\n".join(lines) + "\n")


def _wait_until_idle(
    environment: dict[str, str], daemons: list[subprocess.Popen[bytes]], folder: Path
) -> None:
    command = [_program("sinfo"), "--noheader", "--format=%T"]

    def is_idle() -> bool:
        shown = subprocess.run(
            command, env=os.environ | environment, capture_output=True, text=True, check=False
        )
        return shown.stdout.strip() == "idle"

    _wait(is_idle, daemons, folder)


def _wait(condition, daemons: list[subprocess.Popen[bytes]], folder: Path) -> None:
    began = time.monotonic()
    while not condition():
        has_ended = any(daemon.poll() is not None for daemon in daemons)
        if has_ended or time.monotonic() - began > SECONDS_TO_START:
            logs = "\n".join(path.read_text() for path in folder.glob("*.log"))
            raise RuntimeError(f"Slurm did not start:\n{logs}")
        time.sleep(0.1)


def _start(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / f"{command[0]}.out.log").open("wb") as output:
        return subprocess.Popen(
            [_program(command[0]), *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _end_jobs(environment: dict[str, str]) -> None:
    """Cancel all jobs, so that no process of theirs outlives the daemons."""
    run = {"env": os.environ | environment, "capture_output": True, "text": True, "check": False}
    began = time.monotonic()
    with suppress(OSError):
        subprocess.run([_program("scancel"), f"--user={getpass.getuser()}"], **run)
        while subprocess.run([_program("squeue"), "--noheader"], **run).stdout.strip():
            if time.monotonic() - began > SECONDS_TO_END:
                return
            time.sleep(0.2)


def _end(daemon: subprocess.Popen[bytes]) -> None:
    daemon.terminate()
    try:
        daemon.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        os.killpg(daemon.pid, signal.SIGKILL)
        daemon.wait()


def _free_ports(num: int) -> list[int]:
    sockets = [socket.socket() for _ in range(num)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _program(name: str) -> str:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SBIN}") or ""


if __name__ == "__main__":
    with one_node_slurm(Path(sys.argv[1])) as its_environment:
        print(*(f"export {name}={value}" for name, value in its_environment.items()), flush=True)
        with suppress(KeyboardInterrupt):
            signal.pause()
