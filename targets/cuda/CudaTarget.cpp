// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/cuda/CudaTarget.h"

#include "runtime/cuda/Execute.h"
#include "targets/codegen/Codegen.h"
#include "targets/cuda/Entries.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringExtras.h"

using namespace pebble;

namespace {

/// A generation of GPUs, with the least PTX version that knows it; LLVM ends the process when the
/// two do not fit together.
struct Chip {
  llvm::StringLiteral name, features;
};
constexpr Chip chips[] = {
    {"sm_75", "+ptx75"}, {"sm_80", "+ptx75"}, {"sm_86", "+ptx75"},
    {"sm_87", "+ptx75"}, {"sm_89", "+ptx80"}, {"sm_90", "+ptx80"},
};
constexpr llvm::StringLiteral triple = "nvptx64-nvidia-cuda";

class CudaRunner : public Runner {
public:
  int run(const package::Package &package, const std::vector<const void *> &inputs,
          std::vector<std::vector<char>> &outputs, std::string &error) override {
    switch (cuda::execute(package, inputs, outputs, error)) {
    case cuda::Outcome::Done:
      return ExitOk;
    case cuda::Outcome::NoDevice:
      return ExitUnsupported;
    case cuda::Outcome::BadPackage:
      return ExitRejected;
    case cuda::Outcome::NoMemory:
      return ExitDoesNotFit;
    case cuda::Outcome::BadInput:
      return ExitUsage;
    case cuda::Outcome::Failed:
      break;
    }
    return ExitInternal;
  }
};

class CudaTarget : public Target {
public:
  llvm::StringRef name() const override { return "cuda"; }
  llvm::StringRef summary() const override {
    return "NVIDIA GPUs as PTX; --cpu sm_75, sm_80, sm_86, sm_87, sm_89 or sm_90";
  }
  llvm::ArrayRef<llvm::StringLiteral> emitKinds() const override {
    static constexpr llvm::StringLiteral kinds[] = {"package", "ptx", "llvm"};
    return kinds;
  }

  bool configure(const TargetOptions &options, std::string &error) override {
    if (options.hasRegions) {
      error = "--memory-regions: target cuda has one memory, that of the GPU";
      return false;
    }
    // PTX of the oldest generation runs on all: the driver compiles it for its GPU.
    llvm::StringRef cpu = options.cpu == "native" ? llvm::StringRef(chips[0].name) : options.cpu;
    std::vector<llvm::StringRef> names;
    for (const Chip &row : chips) {
      names.push_back(row.name);
      if (row.name == cpu)
        chip = &row;
    }
    if (!chip)
      error = "--cpu " + cpu.str() + " is not one of " + llvm::join(names, ", ");
    return chip;
  }

  PipelineOptions pipelineOptions() const override {
    PipelineOptions options;
    options.vectorBytes = 16; // A thread's widest load.
    options.deviceThreads = true;
    return options;
  }

  void describe(package::Manifest &manifest) const override {
    manifest.target = name().str();
    manifest.triple = triple.str();
    manifest.cpu = chip->name.str();
  }

  int emit(const Program &program, llvm::StringRef kind, Artifact &artifact,
           std::string &error) override {
    if (auto op = program.module->getAttrOfType<mlir::StringAttr>("mem.not_recordable")) {
      error = "target cuda runs a fixed list of launches, and this model needs decisions while it "
              "runs (" +
              op.str() +
              "): give its symbolic dims values with --dim NAME=VALUE, or use "
              "another target";
      return ExitUnsupported;
    }
    cuda::Plan plan = readPlan(program);
    MachineOptions machine;
    machine.triple = triple.str();
    machine.cpu = chip->name.str();
    machine.features = chip->features.str();
    std::string code;
    CodeKind codeKind = kind == "llvm" ? CodeKind::LLVMIR : CodeKind::Assembly;
    if (!generateCode(program.module, machine, program.manifest.entry, codeKind, code, error,
                      [&](llvm::Module &module) { return cuda::addEntries(module, plan); }))
      return ExitInternal;
    if (size_t at = code.find(".extern .func"); at != std::string::npos) {
      error = "the PTX needs a function that nobody defines: " +
              code.substr(at, code.find(';', at) - at);
      return ExitInternal;
    }
    if (kind == "package") {
      artifact.addSection(package::kCodeSection, "");
      artifact.addSection(cuda::ptxSection, std::move(code));
      artifact.addSection(cuda::planSection, plan.text());
    } else {
      artifact.addSection(package::kCodeSection, std::move(code));
    }
    return ExitOk;
  }

  std::unique_ptr<Runner> createRunner(const std::string &board, std::string &error) override {
    if (!board.empty())
      return Target::createRunner(board, error);
    return std::make_unique<CudaRunner>();
  }

private:
  /// From the form that record-launches left in the module.
  static cuda::Plan readPlan(const Program &program) {
    cuda::Plan plan;
    plan.arenaBytes = program.manifest.arenaBytes;
    auto launches = program.module->getAttrOfType<mlir::ArrayAttr>("mem.launches");
    for (mlir::Attribute entry :
         launches ? launches.getValue() : llvm::ArrayRef<mlir::Attribute>()) {
      auto fields = mlir::cast<mlir::DictionaryAttr>(entry);
      cuda::Step step;
      if (auto kernel = fields.getAs<mlir::StringAttr>("kernel")) {
        step.kernel = kernel.str();
        step.count = fields.getAs<mlir::IntegerAttr>("threads").getInt();
      } else {
        step.count = fields.getAs<mlir::IntegerAttr>("copy").getInt();
      }
      for (mlir::Attribute argument : fields.getAs<mlir::ArrayAttr>("arguments")) {
        auto pair = mlir::cast<mlir::ArrayAttr>(argument);
        // The spaces of the attribute and of the plan start with the same letters.
        cuda::Place place;
        place.space = mlir::cast<mlir::StringAttr>(pair[0]).getValue().front();
        place.at = mlir::cast<mlir::IntegerAttr>(pair[1]).getInt();
        step.places.push_back(place);
      }
      plan.steps.push_back(std::move(step));
    }
    return plan;
  }

  const Chip *chip = nullptr;
};

} // namespace

std::unique_ptr<Target> pebble::createCudaTarget() { return std::make_unique<CudaTarget>(); }
