#!/usr/bin/env python3
"""The verbs run, inspect, bench and ops, on packages made without the compiler.

NumPy and the onnx package write what the command line reads and read what it writes.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import results  # noqa: E402

TYPES = {"f32": np.float32, "f64": np.float64, "f16": np.float16, "i8": np.int8, "i16": np.int16,
         "i32": np.int32, "i64": np.int64, "u8": np.uint8, "u16": np.uint16, "u32": np.uint32,
         "u64": np.uint64, "bool": np.bool_}
# Types that NumPy lacks, and what their bits are in files.
CARRIERS = {"bf16": np.uint16, "f8e4m3fn": np.uint8, "f8e4m3fnuz": np.uint8, "f8e5m2": np.uint8,
            "f8e5m2fnuz": np.uint8, "f8e8m0": np.uint8, "f4e2m1": np.uint8, "u4": np.uint8,
            "i4": np.int8, "u2": np.uint8, "i2": np.int8}


class Suite:
    def __init__(self, args, folder):
        self.pebble = pathlib.Path(args.build).resolve() / "bin" / "pebble"
        self.folder = folder
        self.report = results.Results(args)

    def call(self, *arguments, env=None):
        return subprocess.run([str(self.pebble), *map(str, arguments)], capture_output=True,
                              text=True, timeout=60, env=env)

    def expect(self, name, code, text, *arguments, env=None):
        """The exit code, and a part of what is printed."""
        done = self.call(*arguments, env=env)
        printed = done.stdout + done.stderr
        self.report.add(name, done.returncode == code and text in printed,
                        f"exit {done.returncode} for {code}, lacks {text!r}: {printed}")
        return done

    def npy(self, name, array):
        path = self.folder / f"{name}.npy"
        np.save(path, array)
        return path


def values(dtype, shape):
    bits = np.random.default_rng(1).integers(0, 256, (*shape, np.dtype(dtype).itemsize), np.uint8)
    if dtype == np.bool_:
        bits &= 1
    return bits.view(dtype)[..., 0]


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def test_types(suite):
    """Every element type goes in and comes out with the same bits."""
    out = suite.folder / "out"
    for name, dtype in {**TYPES, **CARRIERS}.items():
        package = suite.folder / f"echo_{name}.pbl"
        for shape in ((3, 4, 2), (0, 5, 2)):
            array = values(dtype, shape)
            forms = {"row-major": array, "column-major": np.asfortranarray(array)}
            if np.dtype(dtype).itemsize > 1:
                forms["big-endian"] = array.astype(np.dtype(dtype).newbyteorder(">"))
            for form, given in forms.items():
                path = suite.npy("given", given)
                done = suite.call("run", package, "--input", f"a=b={path}", "--output-dir", out)
                ok = done.returncode == 0 and same(np.load(out / "output_0.npy"), array)
                suite.report.add(f"{name} {shape} {form}", ok, done.stdout + done.stderr)
        listed = json.loads((out / "outputs.json").read_text())["outputs"][0]
        suite.report.add(f"{name} in outputs.json", listed["name"] == "out"
                         and listed["dtype"] == name and listed["shape"] == [0, 5, 2]
                         and ("note" in listed) == (name in CARRIERS), str(listed))


def test_npz(suite):
    package, out = suite.folder / "dynamic.pbl", suite.folder / "npz-out"
    a = np.arange(12, dtype=np.float32).reshape(4, 3)
    b = np.full(4, 100, np.float32)
    for save in (np.savez, np.savez_compressed):
        path = suite.folder / f"{save.__name__}.npz"
        save(path, a=a, b=b)
        done = suite.call("run", package, "--inputs", path, "--output-dir", out, "--threads", "2")
        ok = done.returncode == 0 and same(np.load(out / "output_0.npy"), a.sum(axis=1) + b)
        suite.report.add(save.__name__, ok, done.stdout + done.stderr)
    whole = path.read_bytes()
    damaged = suite.folder / "damaged.npz"
    clean = True
    for length in range(0, len(whole), 7):
        damaged.write_bytes(whole[:length])
        clean &= suite.call("run", package, "--inputs", damaged).returncode == 1
    for position in range(0, len(whole), 11):
        damaged.write_bytes(whole[:position] + bytes([whole[position] ^ 0x55])
                            + whole[position + 1:])
        clean &= suite.call("run", package, "--inputs", damaged).returncode in (0, 1)
    suite.report.add("damaged .npz", clean, "an exit code other than 0 or 1")


def test_messages(suite):
    folder = suite.folder
    small, x = folder / "small.pbl", suite.npy("x", np.ones(4, np.float32))
    suite.expect("prints outputs", 0, "y: f32 [4]  2.5 3.5 4.5 5.5", "run", small,
                 "--input", f"x={x}")
    suite.expect("no verb", 1, "Usage")
    suite.expect("unknown verb", 1, "", "fly")
    suite.expect("version", 0, "pebble 0.", "--version")
    suite.expect("missing package", 1, "does not exist", "run", folder / "none.pbl")
    suite.expect("missing input", 1, "input 'x' is not given", "run", small)
    suite.expect("unknown input", 1, "there is no input 'z'", "run", small, "--input", f"z={x}")
    suite.expect("malformed input", 1, "NAME=FILE", "run", small, "--input", "x")
    suite.expect("missing file", 1, "No such file", "run", small, "--input", "x=none.npy")
    suite.expect("folder as file", 1, "it is a folder", "run", small, "--input", f"x={folder}")
    suite.expect("another type", 1, "convert it with astype", "run", small, "--input",
                 f"x={suite.npy('f64', np.ones(4))}")
    suite.expect("another shape", 1, "input 'x' has shape [4], not [5]", "run", small, "--input",
                 f"x={suite.npy('five', np.ones(5, np.float32))}")
    suite.expect("complex numbers", 1, "'<c8'", "run", small, "--input",
                 f"x={suite.npy('complex', np.ones(4, np.complex64))}")
    suite.expect("no npy", 1, "is not a .npy file", "run", small, "--input", f"x={small}")
    text = folder / "text.pbl"
    text.write_text("no package at all" * 10)
    suite.expect("no package", 2, "not a Pebble package", "run", text)
    suite.expect("no package to inspect", 2, "not a Pebble package", "inspect", text)
    suite.expect("another processor", 3, "avx9000", "run", folder / "future.pbl")
    index = suite.npy("index", np.full(4, 2, np.float32))
    suite.expect("a failing run", 1, "index", "run", folder / "failing.pbl", "--input",
                 f"x={index}")
    cut = folder / "cut.npy"
    whole = x.read_bytes()
    clean = True
    for length in range(len(whole)):
        cut.write_bytes(whole[:length])
        clean &= suite.call("run", small, "--input", f"x={cut}").returncode == 1
    suite.report.add("cut .npy", clean, "an exit code other than 1")


def tensor(array, name, typed):
    """A TensorProto with the data in its typed field, or raw."""
    if not typed:
        return numpy_helper.from_array(array, name)
    return helper.make_tensor(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape,
                              array.flatten().tolist())


def test_data(suite):
    """ONNX's test data folders, with both ways of storing a tensor."""
    folder = suite.folder / "test_data_set_0"
    folder.mkdir()

    def write(name, message):
        (folder / name).write_bytes(message.SerializeToString())

    for name, dtype in TYPES.items():
        package = suite.folder / f"echo_{name}.pbl"
        array = np.nan_to_num(values(dtype, (3, 1, 2)), posinf=1, neginf=1)
        for typed in (False, True):
            for tensor_name in ("a=b", ""):
                write("input_0.pb", tensor(array, tensor_name, typed))
                write("output_0.pb", tensor(array, tensor_name and "out", typed))
                suite.expect(f"test data {name} typed={typed} name={tensor_name!r}", 0,
                             "out: equal", "run", package, "--test-data", folder)

    package = suite.folder / "echo_f32.pbl"
    given = np.array([[[1, 2], [np.nan, np.inf]]], np.float32)
    write("input_0.pb", tensor(given, "", False))
    write("output_0.pb", tensor(given, "", False))
    suite.expect("NaN and infinity equal themselves", 0, "out: equal", "run", package,
                 "--test-data", folder)
    near = given.copy()
    near[0, 0, 1] = 2.001
    write("output_0.pb", tensor(near, "", False))
    suite.expect("within tolerance", 0, "out: within tolerance; worst at [0, 0, 1]: 2, expected "
                 "2.00099", "run", package, "--test-data", folder)
    suite.expect("tighter tolerance", 5, "MISMATCH: 1 of 4 elements; worst at [0, 0, 1]", "run",
                 package, "--test-data", folder, "--rtol", "1e-6")
    for what, change in {"NaN": (1, 0, 5.0), "infinity": (1, 1, -np.inf)}.items():
        other = given.copy()
        other[0, change[0], change[1]] = change[2]
        write("output_0.pb", tensor(other, "", False))
        suite.expect(f"{what} for a number", 5, "MISMATCH", "run", package, "--test-data", folder,
                     "--rtol", "1e9", "--atol", "1e9")
    write("output_0.pb", tensor(given[:, :1], "", False))
    suite.expect("another shape", 5, "is f32 [1, 2, 2], expected f32 [1, 1, 2]", "run", package,
                 "--test-data", folder)
    write("output_0.pb", tensor(given.astype(np.float64), "", False))
    suite.expect("another type", 5, "expected f64", "run", package, "--test-data", folder)

    big = np.array([[[2**53, 2**53 + 1]]], np.int64)
    write("input_0.pb", tensor(big, "", False))
    write("output_0.pb", tensor(big - 1, "", False))
    suite.expect("integers are compared exactly", 5, "2 of 2 elements", "run",
                 suite.folder / "echo_i64.pbl", "--test-data", folder)
    (folder / "output_0.pb").write_bytes(onnx.SequenceProto(
        elem_type=onnx.SequenceProto.TENSOR,
        tensor_values=[tensor(given, "", False)]).SerializeToString())
    suite.expect("a sequence", 3, "error", "run", package, "--test-data", folder)
    (folder / "output_0.pb").unlink()
    suite.expect("no expected output", 1, "holds no output_0.pb", "run", package, "--test-data",
                 folder)


def test_inspect(suite):
    suite.expect("inspect", 0, "a: f32 [batch, n]", "inspect", suite.folder / "dynamic.pbl")
    suite.expect("inspect: kernels", 0, "sum_rows: 4 * in0[0] * in0[1], 8 -> 4 * in0[0], "
                 "scratch 0, macs 12; ReduceSum_0, Add_1", "inspect", suite.folder / "dynamic.pbl")
    suite.expect("inspect: kernels of an earlier version", 0, "sum_rows: 8 in all -> 16 in all",
                 "inspect", suite.folder / "golden.pbl")
    suite.expect("inspect: macs", 0, "macs      24\n", "inspect", suite.folder / "dynamic.pbl")
    suite.expect("inspect: macs of an earlier version", 0, "macs      unknown\n", "inspect",
                 suite.folder / "golden.pbl")
    report = json.loads(suite.call("inspect", "--json", suite.folder / "dynamic.pbl").stdout)
    suite.report.add("inspect --json", report["model"] == "dynamic"
                     and report["inputs"][0] == {"name": "a", "dtype": "f32", "shape": [-1, -1],
                                                 "dim_names": ["batch", "n"]}
                     and [s["name"] for s in report["sections"]] == ["constants", "code"],
                     str(report))
    kernel = report["kernels"][0]
    suite.report.add("inspect --json: kernels", kernel["reads"] == ["4 * in0[0] * in0[1]", 8]
                     and kernel["writes"] == ["4 * in0[0]"] and kernel["scratch_bytes"] == 0,
                     str(kernel))
    earlier = json.loads(suite.call("inspect", "--json", suite.folder / "golden.pbl").stdout)
    suite.report.add("inspect --json: macs", report["macs"] == {"total": 24, "extra": 0}
                     and kernel["macs"] == 12 and earlier["macs"]["total"] is None,
                     str(report["macs"]))
    suite.expect("inspect --verify", 0, "model", "inspect", "--verify", suite.folder / "small.pbl")
    damaged = suite.folder / "damaged.pbl"
    whole = bytearray((suite.folder / "small.pbl").read_bytes())
    whole[-1] ^= 1
    damaged.write_bytes(whole)
    suite.expect("a damaged section", 2, "checksum of section 'constants'", "inspect", "--verify",
                 damaged)


def test_bench(suite):
    figures = suite.folder / "bench.json"
    package = suite.folder / "dynamic.pbl"
    suite.expect("bench", 0, "median", "bench", package, "--iterations", "20", "--dim", "batch=7",
                 "--json", figures)
    report = json.loads(figures.read_text())
    suite.report.add("bench --json", report["threads"] == 1 and report["pebble"]["iterations"] == 20
                     and 0 < report["pebble"]["min_ms"] <= report["pebble"]["median_ms"]
                     <= report["pebble"]["p95_ms"], str(report))
    suite.expect("bench --vs without a model", 1, "--model", "bench", package, "--vs",
                 "onnxruntime")

    nodes = [helper.make_node("ReduceSum", ["a", "axes"], ["s"], keepdims=0),
             helper.make_node("Add", ["s", "b"], ["sum"])]
    graph = helper.make_graph(
        nodes, "dynamic",
        [helper.make_tensor_value_info("a", onnx.TensorProto.FLOAT, ["batch", "n"]),
         helper.make_tensor_value_info("b", onnx.TensorProto.FLOAT, ["batch"])],
        [helper.make_tensor_value_info("sum", onnx.TensorProto.FLOAT, ["batch"])],
        [numpy_helper.from_array(np.array([1]), "axes")])
    model = suite.folder / "dynamic.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)],
                                ir_version=8), model)
    compiled = suite.folder / "compiled.pbl"
    suite.expect("compile for bench", 0, "", "compile", model, "-o", compiled)
    suite.expect("bench --layers", 0, "kernel", "bench", compiled, "--iterations", "5",
                 "--seconds", "0.1", "--json", figures)
    layers = json.loads(figures.read_text())["layers"]
    kernels = json.loads(suite.call("inspect", compiled, "--json").stdout)["kernels"]
    times = [layer["median_ms"] for layer in layers]
    suite.report.add("bench's layers are the package's kernels, the slowest first",
                     {layer["kernel"] for layer in layers} == {row["symbol"] for row in kernels}
                     and all(layer["calls"] == 1 for layer in layers) and len(layers) > 0
                     and times == sorted(times, reverse=True) and times[-1] > 0, str(layers))
    environment = {"PEBBLE_PYTHON": sys.executable}
    suite.expect("bench --vs onnxruntime", 0, "times the speed of ONNX Runtime", "bench", package,
                 "--vs", "onnxruntime", "--model", model, "--iterations", "50", "--json", figures,
                 env=environment)
    report = json.loads(figures.read_text())
    suite.report.add("bench --vs --json", report.get("onnxruntime", {}).get("iterations") == 50
                     and report["ratio"] > 0, str(report))
    model.write_text("no model")
    suite.expect("a model that ONNX Runtime refuses", 1, "ONNX Runtime did not start", "bench",
                 package, "--vs", "onnxruntime", "--model", model, env=environment)
    suite.expect("no Python", 1, "PEBBLE_PYTHON", "bench", package, "--vs", "onnxruntime",
                 "--model", model, env={"PEBBLE_PYTHON": "/no/such/python"})


def chain_model(path):
    """Two convolutions around an Add that keeps the first one's result alive."""
    rng = np.random.default_rng(3)
    nodes = [helper.make_node("Conv", ["x", "w0"], ["c0"], name="conv_0"),
             helper.make_node("Conv", ["c0", "w1"], ["c1"], name="<b>conv&1"),
             helper.make_node("Conv", ["c1", "w1"], ["c2"], name="conv_2"),
             helper.make_node("Add", ["c2", "c0"], ["y"], name="add")]
    weights = [numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)
               for name, shape in [("w0", (8, 4, 1, 1)), ("w1", (8, 8, 1, 1))]]
    values = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, channels, 6, 6])
              for name, channels in [("x", 4), ("y", 8)]]
    graph = helper.make_graph(nodes, "chain", values[:1], values[1:], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)],
                                ir_version=8), path)


def test_report(suite):
    model, package = suite.folder / "chain.onnx", suite.folder / "chain.pbl"
    files = {kind: suite.folder / f"report.{kind}" for kind in ("html", "json", "trace")}
    chain_model(model)
    suite.expect("compile for report", 0, "", "compile", model, "-o", package)
    suite.expect("report", 0, "lower bound", "report", package,
                 *[word for kind, path in files.items() for word in (f"--{kind}", path)])
    report = json.loads(files["json"].read_text())
    slots, steps = report["tensors"], report["steps"]
    live = [sum(s["bytes"] for s in slots if s["first_step"] <= index <= s["last_step"])
            for index in range(len(steps))]
    apart = all(a["last_step"] < b["first_step"] or b["last_step"] < a["first_step"]
                or a["offset"] + a["bytes"] <= b["offset"]
                or b["offset"] + b["bytes"] <= a["offset"]
                for i, a in enumerate(slots) for b in slots[:i])
    peak = max(s["offset"] + s["bytes"] for s in slots)
    suite.report.add("report --json", apart and len(slots) >= 2
                     and [step["live_bytes"] for step in steps] == live
                     and report["arena"]["peak_bytes"] == peak <= report["arena"]["bytes"]
                     and max(live) <= report["arena"]["lower_bound_bytes"]
                     and report["macs"]["total"] == sum(step["macs"] for step in steps)
                     == 36 * (4 * 8 + 2 * 8 * 8), str(report))
    page = files["html"].read_text()
    suite.report.add("report --html", page.count("<rect") == len(slots) and "<b>" not in page
                     and "&lt;b&gt;conv&amp;1" in page and "src=" not in page
                     and "href=" not in page, page)
    events = json.loads(files["trace"].read_text())["traceEvents"]
    slices = [event for event in events if event["ph"] == "X"]
    counters = [event["args"]["bytes"] for event in events if event["ph"] == "C"]
    launched = [step for step in steps if step["kernel"]]
    suite.report.add("report --trace", [event["name"] for event in slices]
                     == [step["kernel"] for step in launched]
                     and counters == [step["live_bytes"] for step in launched]
                     and all(a["ts"] <= b["ts"] for a, b in zip(slices, slices[1:])), str(events))
    again = suite.folder / "again.html"
    suite.call("report", package, "--html", again)
    suite.report.add("the same report twice", again.read_bytes() == files["html"].read_bytes())
    suite.expect("report of an earlier version", 2, "compile the model again", "report",
                 suite.folder / "golden.pbl")
    nowhere = suite.folder / "no" / "such" / "report.html"
    suite.expect("report nowhere", 1, "No such file", "report", package, "--html", nowhere)


def test_ops(suite):
    rows = json.loads(suite.call("ops", "--json").stdout)["ops"]
    suite.report.add("ops --json", {"domain": "", "name": "Conv"}.items() <= next(
        (row for row in rows if row["name"] == "Conv"), {}).items(), str(rows)[:200])
    suite.expect("ops", 0, "Conv", "ops")
    suite.expect("--dim without a size", 1, "NAME=SIZE", "bench", suite.folder / "dynamic.pbl",
                 "--dim", "batch")
    text = suite.folder / "text.onnx"
    text.write_text("no model at all")
    suite.expect("bench of no model", 2, "cannot compile", "bench", text)


def test_library(suite, build):
    """Applications in C link libpebble without anything of the compiler or of C++."""
    library = pathlib.Path(build) / "lib" / "libpebble.so"
    dynamic = subprocess.run(["readelf", "-dW", str(library)], capture_output=True, text=True,
                             check=True).stdout
    needed = {line.split("[")[1].split("]")[0] for line in dynamic.splitlines()
              if "(NEEDED)" in line}
    allowed = {"libc.so.6", "libdl.so.2", "libpthread.so.0", "libm.so.6", "ld-linux-x86-64.so.2"}
    suite.report.add("libpebble's libraries", needed <= allowed, str(needed - allowed))
    names = subprocess.run(["nm", "-D", "--defined-only", "--format=posix", str(library)],
                           capture_output=True, text=True, check=True).stdout.split("\n")
    other = [line for line in names if line and not line.startswith("pebble_")]
    suite.report.add("libpebble's symbols", not other, str(other[:5]))


def main():
    args = results.parser(__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="pebble-cli") as scratch:
        folder = pathlib.Path(scratch)
        maker = pathlib.Path(args.build).resolve() / "bin" / "make-test-packages"
        subprocess.run([str(maker), str(folder)], check=True, timeout=60)
        suite = Suite(args, folder)
        for test in (test_types, test_npz, test_messages, test_data, test_inspect, test_report,
                     test_bench, test_ops):
            test(suite)
        if "-fsanitize" not in (pathlib.Path(args.build) / "CMakeCache.txt").read_text():
            test_library(suite, args.build)
    return suite.report.finish()


if __name__ == "__main__":
    sys.exit(main())
