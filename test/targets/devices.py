#!/usr/bin/env python3
"""What a model becomes besides a package for this machine: C programs, firmware, GPU packages.

test/e2e/small_cnn.py compares the results of all targets; here is what surrounds them: a C program
around --emit obj and so, refusals of boards and of free sizes, the GPU's runner.
"""
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

    def c_program(self, folder, file, kind, value, like):
        extension = {"obj": "o", "so": "so"}[kind]
        binary = folder / f"embedded.{extension}"
        if problem := self.compile(file, binary, "--emit", kind):
            return problem
        header = folder / "embedded.h"
        symbol = re.search(r"(\w+)_run\(", header.read_text("utf-8")).group(1)
        compiler = shutil.which("clang-22") or shutil.which("cc")
        built = subprocess.run(
            [compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic",
             f'-DHEADER="{header.name}"', f"-DMODEL_PREFIX={symbol}",
             f"-DMACRO_PREFIX={symbol.upper()}",
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
        self.check_board(folder, file)
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
