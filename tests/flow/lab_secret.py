"""lab_secret.py - finds a sentence in files and on standard input.

usage: lab_secret.py SENTENCE [PATH...]     folders are walked; - is stdin
Plain, as the hex that pg_dump makes of bytea, and in base64 at each of its
three offsets: output of commands travels and lies in all of these. Prints
where it was found; exit status 1 when it was.
"""
import base64
import os
import sys


def needles(text):
    yield text
    yield text.hex().encode()
    for shift in range(3):
        coded = base64.b64encode(b"x" * shift + text)
        # the ends depend on the neighbours
        yield coded[4 if shift else 0:-4]


def files(paths):
    for path in paths:
        if os.path.isdir(path):
            for folder, _, names in os.walk(path):
                for name in names:
                    full = os.path.join(folder, name)
                    if os.path.isfile(full) and not os.path.islink(full):
                        yield full
        else:
            yield path


def main():
    wanted = list(needles(sys.argv[1].encode()))
    found = False
    for path in files(sys.argv[2:]):
        try:
            data = sys.stdin.buffer.read() if path == "-" else \
                open(path, "rb").read()
        except OSError:
            continue
        if any(needle in data for needle in wanted):
            print("# found in", path)
            found = True
    sys.exit(found)


if __name__ == "__main__":
    main()
