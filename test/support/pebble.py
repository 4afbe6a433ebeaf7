"""Calls the command line tool and sorts what comes back into a few kinds of outcome."""
import dataclasses
import pathlib
import subprocess
import tempfile

import numpy as np

# The exit codes that the command line promises.
CODES = {0: "pass", 1: "usage", 2: "rejected", 3: "unsupported", 4: "does not fit", 5: "wrong",
         70: "crash"}


@dataclasses.dataclass
class Outcome:
    kind: str
    message: str = ""
    seconds: float = 0.0

    @property
    def ok(self):
        return self.kind == "pass"


def first_error(text):
    """The line of a tool's output that says what is wrong, without paths of this machine."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    chosen = (errors or lines or [""])[0]
    return chosen.replace(tempfile.gettempdir(), "")[:300]


class Pebble:
    """The tool of one build."""

    def __init__(self, build, timeout=60):
        self.binary = pathlib.Path(build) / "bin" / "pebble"
        self.timeout = timeout

    def call(self, *arguments):
        command = [str(self.binary), *map(str, arguments)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace",
                                  stdin=subprocess.DEVNULL, timeout=self.timeout)
        except subprocess.TimeoutExpired:
            return Outcome("crash", f"no answer in {self.timeout} s")
        text = done.stderr + done.stdout
        if done.returncode < 0:
            return Outcome("crash", f"signal {-done.returncode}: {first_error(text)}")
        kind = CODES.get(done.returncode, "crash")
        # Both are promised to come with a message; a silent one is no clean refusal.
        if kind in ("unsupported", "rejected") and "error" not in text:
            return Outcome("crash", f"exit {done.returncode} without an error message")
        return Outcome(kind, "" if kind == "pass" else first_error(text))

    def call_text(self, *arguments):
        """What the tool writes to its standard output."""
        return subprocess.run([str(self.binary), *map(str, arguments)], capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=self.timeout).stdout

    def compile(self, model, package, *options):
        return self.call("compile", model, "--target", "x86", "-o", package, *options)

    def run(self, package, inputs, output_dir, *options):
        """`inputs` maps names to .npy files."""
        given = [word for name, path in inputs.items() for word in ("--input", f"{name}={path}")]
        return self.call("run", package, *given, "--output-dir", output_dir, *options)


def load_outputs(folder):
    """The arrays that `run --output-dir` wrote, in the model's order."""
    folder = pathlib.Path(folder)
    arrays = []
    while (path := folder / f"output_{len(arrays)}.npy").exists():
        arrays.append(np.load(path, allow_pickle=False))
    return arrays


def worst_ratio(ours, reference):
    """max|difference| / max|reference|; infinite where shape, type or NaNs differ."""
    if ours.shape != reference.shape or ours.dtype != reference.dtype:
        return float("inf")
    if ours.size == 0 or np.array_equal(ours, reference):
        return 0.0
    a, b = ours.astype(np.float64), reference.astype(np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if not np.isfinite(a[~same]).all() or not np.isfinite(b[~same]).all():
        return float("inf")
    finite = np.abs(b[np.isfinite(b)])
    difference = float(np.abs(a - b)[~same].max(initial=0.0))
    scale = float(finite.max(initial=0.0))
    return difference / scale if scale else (float("inf") if difference else 0.0)
