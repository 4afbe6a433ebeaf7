#!/usr/bin/env python3
"""Checks the house rules that need no compiler, on every file that git tracks.

Licence line, line length, white space, the size of a source file, clang-format's layout, and that
links between pages and mentions of pages of docs/ lead somewhere.
"""
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import results  # noqa: E402

ROOT = pathlib.Path(__file__).parents[2]
LICENCE = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
CPP = {".cpp", ".h", ".c"}
LICENSED = CPP | {".td"}
COLUMNS = 100
# A file beyond this does more than one thing. Tables and op definitions are lists, not logic.
LINES = 500
LISTS = {".td", ".def", ".txt", ".json", ".md", ".proto", ".fbs"}
# Lines that nobody wraps by hand: generated pages, recorded reasons, tables, op definitions.
LONG_LINES = {".txt", ".json", ".md", ".mlir", ".test", ".td", ".def"}
UNFINISHED = ("TO" + "DO", "FIX" + "ME", "XX" + "X")


LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
MENTION = re.compile(r"\bdocs/[\w/-]+\.md\b")


def dead_links(path, text):
    targets = [(name, ROOT / name) for name in MENTION.findall(text)]
    if path.suffix == ".md":
        targets += [(name, (ROOT / path).parent / name) for name in LINK.findall(text)]
    for name in sorted({name for name, target in targets if not target.exists()}):
        yield f"'{name}' does not exist"


def problems(path, text):
    lines = text.split("\n")
    suffix = path.suffix
    if suffix in LICENSED and LICENCE not in lines[0]:
        yield f"1: the first line is not the licence line '{LICENCE}'"
    if suffix not in LISTS and len(lines) > LINES:
        yield f"{len(lines)} lines, more than {LINES}: split it"
    for number, line in enumerate(lines, 1):
        if suffix not in LONG_LINES and len(line) > COLUMNS:
            yield f"{number}: {len(line)} columns, more than {COLUMNS}"
        if line != line.rstrip():
            yield f"{number}: white space at the end of the line"
        if "\t" in line:
            yield f"{number}: a tab"
        if any(word in line for word in UNFINISHED):
            yield f"{number}: a note of unfinished work"


def badly_formatted(files):
    """The files whose layout is not clang-format's."""
    done = subprocess.run(["clang-format-22", "--dry-run", *map(str, files)], cwd=ROOT,
                          capture_output=True, text=True, check=True)
    return {line.split(":")[0] for line in done.stderr.splitlines() if "warning:" in line}


def main():
    args = results.parser(__doc__).parse_args()
    report = results.Results(args)
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True,
                             check=True).stdout.split("\0")
    files = [pathlib.Path(name) for name in tracked if name and (ROOT / name).is_file()]
    layout = badly_formatted([path for path in files if path.suffix in CPP])
    for path in files:
        try:
            text = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found = [*problems(path, text), *dead_links(path, text)]
        if str(path) in layout:
            found.append("not laid out by clang-format: run clang-format-22 -i on it")
        report.add(str(path), not found, "".join(f"\n    {why}" for why in found))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
