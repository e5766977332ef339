"""The Ray executor: the same bytes, loopback sockets only, a lost actor costs one shard's time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from faulty_boxes import make_config, tree

from simdata.workers.run import generate

CONFIG = make_config(scenes=6, shard_scenes=2, faults={"3": "crash"})

# A process of its own: Ray must find the environment that our code sets, and leaves threads behind.
DRIVER = """
import json, os, signal, sys
from pathlib import Path
from simdata.config import Config
from simdata.workers import cores
from simdata.workers.run import generate

cores.usable_cores = lambda: 6

def descendants():
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            pass
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found

def sockets(pids):
    inodes = set()
    for pid in pids:
        for link in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                name = os.readlink(link)
            except OSError:
                continue
            if name.startswith("socket:["):
                inodes.add(name[8:-1])
    return inodes

def listening(pids):
    ours, found = sockets(pids), []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in ours:
                found.append(fields[1])
    return found

def command(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""

def threads(pid):
    try:
        environment = Path(f"/proc/{pid}/environ").read_text().split("\\0")
    except OSError:
        return []
    return [line for line in environment if line.startswith("LP_NUM_THREADS=")]

seen = {"listening": [], "commands": [], "threads": [], "killed": 0}

def look(progress):
    pids = descendants()
    seen["listening"] += listening(pids)
    seen["commands"] += [command(pid) for pid in pids]
    children = [pid for pid in pids if "simdata.workers.child" in command(pid)]
    seen["threads"] += [line for pid in children for line in threads(pid)]
    hosts = [pid for pid in pids if command(pid).startswith("ray::_Host")]
    if progress.done_scenes and not seen["killed"] and hosts:
        os.kill(hosts[0], signal.SIGKILL)
        seen["killed"] = 1

config = Config.model_validate_json(Path(sys.argv[1]).read_text())
summary = generate(config, Path(sys.argv[2]), workers=2, executor="ray", on_progress=look)
seen["images"] = summary.images
seen["left"] = [command(pid) for pid in descendants() if pid != os.getpid()]
seen["usage"] = os.environ["RAY_USAGE_STATS_ENABLED"]
print(json.dumps(seen))
"""


def plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}


def test_ray_gives_the_same_bytes_on_loopback_even_when_an_actor_is_killed(tmp_path: Path) -> None:
    generate(CONFIG, tmp_path / "local")
    (tmp_path / "config.json").write_text(CONFIG.model_dump_json())
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(tmp_path / "config.json"), str(tmp_path / "ray")],
        capture_output=True,
        text=True,
        timeout=120,
        env=plain_environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["images"] == 5 and tree(tmp_path / "local") == tree(tmp_path / "ray")
    assert seen["killed"] == 1 and "lost its actor" in (tmp_path / "ray" / "run.log").read_text()
    addresses = {text.rpartition(":")[0] for text in seen["listening"]}
    loopback = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}
    assert addresses and addresses <= loopback, f"Ray listens on {addresses - loopback}"
    dashboards = [command for command in seen["commands"] if "dashboard/dashboard.py" in command]
    assert all("--disable-frontend" in command and "--minimal" in command for command in dashboards)
    assert seen["usage"] == "0"
    assert set(seen["threads"]) == {"LP_NUM_THREADS=3"}, "two workers share six cores"
    assert not seen["left"], "nothing of Ray is left behind"


def test_a_cluster_without_a_token_is_refused_in_one_line(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from simdata.config import Config\n"
        "from simdata.errors import ConfigError; from simdata.workers.ray_executor import RayExecutor\n"
        "from simdata.workers.supervisor import Limits\n"
        "try:\n    list(RayExecutor(Path(sys.argv[1]), 1, Limits(), address='127.0.0.1:1').run([]))\n"
        "except ConfigError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env=plain_environment(),
    )
    assert "cannot start the cluster at 127.0.0.1:1" in done.stdout, done.stderr[-2000:]
    assert "token" in done.stdout and len(done.stdout.splitlines()) == 1


def test_a_ray_imported_without_its_token_is_refused(tmp_path: Path) -> None:
    """It read its environment when it was imported, and would now start without one."""
    code = (
        "import sys, ray\nfrom pathlib import Path\n"
        "from simdata.errors import ConfigError\nfrom simdata.workers.ray_executor import RayExecutor\n"
        "from simdata.workers.supervisor import Limits\n"
        "try:\n    list(RayExecutor(Path(sys.argv[1]), 1, Limits()).run([]))\n"
        "except ConfigError as error:\n    print(error)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, env=plain_environment(), timeout=120)
    assert "RAY_AUTH_MODE=token before the import" in told.stdout
