"""What every scripted suite shares: its command line and the counts that tools/check adds up."""
import argparse
import json
import pathlib
import sys

NOTHING_TO_RUN = 77


def parser(description):
    p = argparse.ArgumentParser(description=description,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default="build", help="the build folder")
    p.add_argument("--results", help="the file that the counts are written to")
    return p


class Results:
    """Counts what passed, failed and was skipped, and says so by name."""

    def __init__(self, args):
        self.path = args.results
        self.passed = 0
        self.failed = []
        self.skipped = []

    def add(self, name, ok, why=""):
        if ok:
            self.passed += 1
            return
        self.failed.append(name)
        print(f"FAILED {name}: {why}", flush=True)

    def skip(self, name, why):
        self.skipped.append(name)
        print(f"skipped: {name}: {why}", flush=True)

    def gap(self, name):
        """A test that is known to be refused: counted with the skipped, not listed each time."""
        self.skipped.append(name)

    def finish(self):
        """Writes the counts; returns the suite's exit code."""
        counts = {"passed": self.passed, "failed": len(self.failed), "skipped": len(self.skipped)}
        print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
        if self.path:
            pathlib.Path(self.path).write_text(json.dumps(counts) + "\n", encoding="utf-8")
        sys.stdout.flush()
        if self.failed:
            return 1
        return NOTHING_TO_RUN if self.skipped and not self.passed else 0
