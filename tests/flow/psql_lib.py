"""psql_lib - one psql for many questions.

A psql for each costs more than the question where a test asks all the time.
"""
import subprocess
import tempfile

END = "psql_lib: that was all"


def quoted(value):
    """As \\set reads it."""
    for old, new in (("\\", "\\\\"), ("'", "''"), ("\n", "\\n")):
        value = value.replace(old, new)
    return f"'{value}'"


class Session:
    def __init__(self, env):
        self.stderr = tempfile.TemporaryFile("w+")
        self.psql = subprocess.Popen(
            ["psql", "-X", "-q", "-At", "-F", "\x1f", "-v", "ON_ERROR_STOP=1"],
            env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.stderr)

    def ask(self, text, **variables):
        """Rows as lists of strings; after an error it is over."""
        lines = [f"\\set {k} {quoted(v)}" for k, v in variables.items()]
        rows = []
        try:
            self.psql.stdin.write("\n".join(
                [*lines, text, ";", f"\\echo {END!r}", ""]))
            self.psql.stdin.flush()
        except BrokenPipeError:
            pass  # it has said why
        for line in self.psql.stdout:
            if line == END + "\n":
                return rows
            rows.append(line[:-1].split("\x1f"))
        raise AssertionError(f"{text}\n{self.close()}")

    def close(self):
        """What it complained about."""
        try:
            self.psql.stdin.close()
        except BrokenPipeError:
            pass
        self.psql.stdout.close()
        self.psql.wait()
        self.stderr.seek(0)
        text = self.stderr.read()
        self.stderr.close()
        return text
