# lit's configuration for the tests that mirror the source tree. Run it through a build:
#   lit -v build/test                       everything
#   lit -v build/test --filter nn/          one folder
import os

import lit.formats

config.name = "Pebble"
config.test_format = lit.formats.ShTest(True)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "unit", "e2e", "conformance", "bench", "fuzz", "toolchain"]
config.test_source_root = os.path.dirname(os.path.abspath(__file__))
config.test_exec_root = os.path.join(config.pebble_build, "test")

# A pass or a tool that hangs fails its test instead of the whole run.
lit_config.maxIndividualTestTime = 120

tools = [os.path.join(config.pebble_build, "bin"), config.llvm_tools]
config.environment["PATH"] = os.pathsep.join(tools + [os.environ["PATH"]])

data = os.environ.get("PEBBLE_DATA", "")
ptxas = os.path.join(config.pebble_site_packages, "nvidia/cu13/bin/ptxas")
config.substitutions += [
    # Runs a script with the packages of tools/requirements.txt.
    ("%python", config.pebble_python),
    ("%site-packages", config.pebble_site_packages),
    ("%build", config.pebble_build),
    ("%data", data),
    ("%ptxas", ptxas),
    # The headers and .td files of the LLVM that the build uses.
    ("%llvm-include", os.path.join(os.path.dirname(config.llvm_tools), "include")),
]

features = {
    "data": os.path.isdir(data),
    "qemu": lit.util.which("qemu-system-arm"),
    "ptxas": os.path.exists(ptxas),
}
config.available_features.update(name for name, there in features.items() if there)
for name, there in features.items():
    if not there:
        lit_config.note(f"tests that require '{name}' are skipped: it is not there")
