"""cluster_lib - a PostgreSQL cluster with the schema in it, made once and copied.

To make one takes seconds, most of them for the schema; a copy takes a quarter
of one.  It is kept below build/, by what it was made of.
"""
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile

from agent_lib import TOP

PG_BIN = os.environ.get("PG_BIN", "/usr/lib/postgresql/15/bin")
KEPT = os.path.join(TOP, "build/flow-cluster")


def as_postgres(*argv):
    return ["setpriv", "--reuid", "postgres", "--regid", "postgres",
            "--init-groups", "env", "-C", "/", *argv]


def made_of():
    """What makes another cluster when it changes."""
    told = hashlib.sha256(subprocess.run(
        [f"{PG_BIN}/postgres", "--version"], check=True,
        capture_output=True).stdout)
    files = [__file__, f"{TOP}/sql/apply.sh"]
    for folder in ("migrations", "code"):
        files += sorted(e.path for e in os.scandir(f"{TOP}/sql/{folder}"))
    for path in files:
        with open(path, "rb") as f:
            told.update(f.read())
    return told.hexdigest()


def control(data, *argv):
    subprocess.run(as_postgres(f"{PG_BIN}/pg_ctl", "-D", data, "-w", "-t",
                               "60", "-s", *argv), check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def fill(top):
    data = f"{top}/data"
    subprocess.run(as_postgres(
        f"{PG_BIN}/initdb", "-D", data, "-A", "trust", "-U", "postgres",
        "--no-sync", "--wal-segsize=1", "-E", "UTF8", "--locale=C.UTF-8"),
        check=True, stdout=subprocess.DEVNULL)
    control(data, "-l", f"{top}/log", "-o",
            f"-k {top} -c fsync=off -c listen_addresses=", "start")
    env = {**os.environ, "PGHOST": top, "PGUSER": "postgres",
           "PGDATABASE": "drydock"}
    subprocess.run(["createdb", "drydock"], env=env, check=True)
    subprocess.run([f"{TOP}/sql/apply.sh"], env=env, check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run(["psql", "-X", "-q", "-c", "create role drydockd login; "
                    "grant fleet_coordinator to drydockd"], env=env, check=True)
    control(data, "-m", "fast", "stop")
    # its log of writes is as short as that of a new one
    subprocess.run(as_postgres(f"{PG_BIN}/pg_resetwal", "-D", data),
                   check=True, stdout=subprocess.DEVNULL)
    return data


def make(kept):
    top = tempfile.mkdtemp(prefix="drydock-cluster-")
    try:
        shutil.chown(top, "postgres")
        shutil.rmtree(KEPT, ignore_errors=True)
        os.makedirs(KEPT)
        subprocess.run(["cp", "-a", fill(top), f"{kept}.new"], check=True)
        os.rename(f"{kept}.new", kept)
    finally:
        shutil.rmtree(top)


def cluster_copy(data):
    """Becomes `data`: database drydock, and the login drydockd."""
    kept = os.path.join(KEPT, made_of())
    os.makedirs(os.path.dirname(KEPT), exist_ok=True)
    with open(f"{KEPT}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(kept):
            make(kept)
        subprocess.run(["cp", "-a", kept, data], check=True)
