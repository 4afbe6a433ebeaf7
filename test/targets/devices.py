#!/usr/bin/env python3
"""What a model becomes besides a package for this machine: C programs, firmware, GPU packages.

test/e2e/small_cnn.py compares the results of all targets; here is what surrounds them: a C program
around --emit obj and so, refusals of boards and of free sizes, the GPU's runner.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import onnx

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from e2e import small_cnn  # noqa: E402
from support import pebble, reference, results  # noqa: E402

HERE = pathlib.Path(__file__).parent
TOLERANCE = 1e-4
TINY_BOARD = """
name = "tiny"
cpu = "cortex-m4f"
[memory.flash]
origin = 0x00000000
bytes = 0x00080000
[memory.ram]
origin = 0x20000000
bytes = 0x00001800
[stack]
bytes = 0x00001000
"""


# Two memories, of which the first is too small for the model's activations.
TWO_MEMORIES = """
name = "two"
cpu = "cortex-m4f"
[memory.flash]
origin = 0x00000000
bytes = 0x00080000
[memory.ram]
origin = 0x20000000
bytes = 0x00003000
preference = 0
[memory.psram]
origin = 0x21000000
bytes = 0x00010000
preference = 1
[stack]
bytes = 0x00001000
[emulator]
program = "qemu-system-arm"
machine = "mps2-an386"
"""
# What makes a board's memories no good: a text, another for it, and a part of what is said.
BAD_MEMORIES = [
    ("preference = 1", "", "memory.psram.preference must be an integer"),
    ("preference = 1", "preference = 0", "must be another than that of"),
    ("0x21000000", "0x20002000", "must be apart from memory."),
    ("[memory.psram]", "[memory.RAM]", "two are named"),
    ("[memory.psram]", "[memory.p-s]", "is no name"),
]


class Suite:
    def __init__(self, args):
        self.tool = pebble.Pebble(args.build, timeout=300)
        self.report = results.Results(args)

    def compare(self, name, ours, expected):
        if isinstance(ours, str):
            return self.report.add(name, False, ours)
        ratio = pebble.worst_ratio(ours, expected)
        self.report.add(name, ratio <= TOLERANCE, f"max|difference| / max|reference| = {ratio:.2g}")

    def compile(self, file, output, *options):
        outcome = self.tool.call("compile", file, "-o", output, *options)
        return None if outcome.ok else f"compile: {outcome.message}"

    def run_package(self, package, inputs, folder, *options):
        outcome = self.tool.run(package, inputs, folder, *options)
        return pebble.load_outputs(folder)[0] if outcome.ok else f"run: {outcome.message}"

    def c_program(self, folder, file, kind, value, like, regions=None):
        extension = {"obj": "o", "so": "so"}[kind]
        binary = folder / f"embedded.{extension}"
        options = [f"--memory-regions={regions}"] if regions else []
        if problem := self.compile(file, binary, "--emit", kind, *options):
            return problem
        header = folder / "embedded.h"
        symbol = re.search(r"(\w+)_run\(", header.read_text("utf-8")).group(1)
        compiler = shutil.which("clang-22") or shutil.which("cc")
        built = subprocess.run(
            [compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic",
             f'-DHEADER="{header.name}"', f"-DMODEL_PREFIX={symbol}",
             f"-DMACRO_PREFIX={symbol.upper()}", *(["-DHAS_REGIONS"] if regions else []),
             f"-I{folder}", HERE / "run_model.c", binary, "-o", folder / kind, "-lm"],
            capture_output=True, text=True)
        if built.returncode:
            return built.stderr
        (folder / "input_0.bin").write_bytes(value.tobytes())
        ran = subprocess.run([folder / kind], cwd=folder)
        if ran.returncode:
            return f"the program ended with {ran.returncode}"
        return np.fromfile(folder / "output_0.bin", like.dtype).reshape(like.shape)

    def check_board(self, folder, file):
        """A board whose RAM is too small is refused, and so is one that is not there."""
        board = folder / "tiny.toml"
        board.write_text(TINY_BOARD, encoding="utf-8")
        cases = (("too small", board, "does not fit"), ("unknown", "nowhere", "usage"))
        for name, value, kind in cases:
            outcome = self.tool.call("compile", file, "-o", folder / "x.elf", "--emit", "elf",
                                     "--target", "cortexm", "--board", value)
            self.report.add(f"board {name}", outcome.kind == kind,
                            f"{outcome.kind}, not {kind}: {outcome.message}")

    def check_memories(self, folder, file, inputs):
        """A board with two memories: the same results to the bit, and what is refused."""
        board, package = folder / "two.toml", folder / "two.pbl"
        for old, new, expected in BAD_MEMORIES:
            board.write_text(TWO_MEMORIES.replace(old, new), encoding="utf-8")
            outcome = self.tool.call("compile", file, "-o", package, "--target", "cortexm",
                                     "--board", board)
            self.report.add(f"memories: {expected}",
                            outcome.kind == "usage" and expected in outcome.message,
                            f"{outcome.kind}: {outcome.message}")
        board.write_text(TWO_MEMORIES.replace("0x00010000", "0x00001000"), encoding="utf-8")
        outcome = self.tool.call("compile", file, "-o", package, "--target", "cortexm", "--board",
                                 board)
        self.report.add("memories too small",
                        outcome.kind == "does not fit" and "E4003" in outcome.message
                        and "psram would hold" in outcome.message, outcome.message)

        board.write_text(TWO_MEMORIES, encoding="utf-8")
        results_of = {}
        for name, value in (("qemu-m4", "qemu-m4"), ("two", board)):
            problem = self.compile(file, package, "--target", "cortexm", "--board", value)
            if problem:
                return self.report.add(f"memories of {name}", False, problem)
            regions = json.loads(self.tool.call_text("inspect", package, "--json"))["regions"]
            names = [region["name"] for region in regions]
            good = names == (["ram", "psram"] if name == "two" else ["ram"]) and all(
                0 < region["bytes"] <= region["capacity_bytes"] for region in regions)
            self.report.add(f"memories used of {name}", good, str(regions))
            if shutil.which("qemu-system-arm"):
                results_of[name] = self.run_package(package, inputs, folder / name, "--board",
                                                    value)
        if not results_of:
            return self.report.skip("memories run", "no qemu-system-arm")
        ours, expected = results_of["two"], results_of["qemu-m4"]
        same = not isinstance(ours, str) and ours.tobytes() == expected.tobytes()
        self.report.add("memories run", same, f"{ours} instead of {expected}")

    def check_gpu(self, folder, file, inputs, expected):
        package = folder / "gpu.pbl"
        if problem := self.compile(file, package, "--target", "cuda"):
            return self.report.add("GPU", False, problem)
        ours = self.run_package(package, inputs, folder / "gpu")
        if isinstance(ours, str) and "no NVIDIA driver" in ours:
            return self.report.skip("GPU", "this machine has no NVIDIA driver")
        self.compare("GPU", ours, expected)

    def check_dynamic(self, folder, file):
        """A free size is refused where every size must be known, with how to bind it."""
        model = onnx.load(file)
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
        model.graph.output[0].type.tensor_type.shape.dim[0].dim_param = "batch"
        free = folder / "free.onnx"
        onnx.save(model, free)
        outcome = self.tool.call("compile", free, "-o", folder / "x", "--memory-regions=near=1KiB")
        self.report.add("free size, regions", outcome.kind == "usage"
                        and "E1006" in outcome.message, f"{outcome.kind}: {outcome.message}")
        for options in (["--emit", "obj"], ["--target", "cortexm"], ["--target", "cuda"]):
            outcome = self.tool.call("compile", free, "-o", folder / "x", *options)
            good = outcome.kind == "unsupported" and "--dim" in outcome.message
            self.report.add(f"free size, {' '.join(options)}", good,
                            f"{outcome.kind}: {outcome.message}")
            outcome = self.tool.call("compile", free, "-o", folder / "x", *options,
                                     "--dim", "batch=1")
            self.report.add(f"bound size, {' '.join(options)}", outcome.ok, outcome.message)

    def run(self, file, folder):
        session = reference.session(file)
        info = session.get_inputs()[0]
        value = np.random.default_rng(0).random(info.shape, np.float32)
        expected = session.run(None, {info.name: value})[0]
        np.save(folder / "input.npy", value)
        for kind in ("obj", "so"):
            self.compare(f"C program, {kind}", self.c_program(folder, file, kind, value, expected),
                         expected)
        self.compare("C program, regions",
                     self.c_program(folder, file, "obj", value, expected, "near=6.5KiB,far"),
                     expected)
        self.check_board(folder, file)
        self.check_memories(folder, file, {info.name: folder / "input.npy"})
        self.check_dynamic(folder, file)
        self.check_gpu(folder, file, {info.name: folder / "input.npy"}, expected)
        return self.report.finish()


def main():
    suite = Suite(results.parser(__doc__).parse_args())
    with tempfile.TemporaryDirectory(prefix="devices") as scratch:
        folder = pathlib.Path(scratch)
        file = folder / "model.onnx"
        onnx.save(small_cnn.seeded_cnn(), file)
        return suite.run(file, folder)


if __name__ == "__main__":
    sys.exit(main())
