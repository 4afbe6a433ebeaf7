// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a target is: features, pipelines, code, package section. One implementation a folder.
#ifndef PEBBLE_TARGETS_TARGET_H
#define PEBBLE_TARGETS_TARGET_H

#include "passes/Pipelines.h"
#include "runtime/package/Loader.h"
#include "runtime/package/Writer.h"
#include "targets/ExitCode.h"
#include "targets/Runner.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringRef.h"

#include <memory>
#include <string>
#include <vector>

namespace pebble {

/// What a user chose about code generation.
struct TargetOptions {
  std::string cpu = "native"; ///< In the target's vocabulary; "native" lets the target choose.
  std::string board;          ///< Name or file of a board; "" lets the target choose.
  bool fastMath = false;
  bool hasRegions = false; ///< The user gave memory regions.
};

/// A lowered model, ready for code generation.
struct Program {
  mlir::ModuleOp module;             ///< In the LLVM dialect.
  const package::Manifest &manifest; ///< The model's name, signature and arena.
  const package::SectionContents &constants;
  bool allocates;           ///< Asks for memory when it runs: not all sizes are known.
  std::string symbolPrefix; ///< The model's name as a C identifier.
};

/// Code for one module.
struct Artifact {
  /// Sections of the package, their contents owned by `storage`; the first is the code.
  std::vector<package::SectionContents> sections;
  std::vector<std::unique_ptr<std::string>> storage;
  std::string header;             ///< A C header to write beside the code; "" for none.
  bool containsConstants = false; ///< The sections hold the constants already.

  void addSection(llvm::StringRef name, std::string contents);
};

class Target {
public:
  virtual ~Target();
  virtual llvm::StringRef name() const = 0;
  virtual llvm::StringRef summary() const = 0;
  /// Values of `--emit` that the target has.
  virtual llvm::ArrayRef<llvm::StringLiteral> emitKinds() const = 0;

  /// Checks the options and settles what depends on them; false with a reason in `error`.
  virtual bool configure(const TargetOptions &options, std::string &error) = 0;
  /// Choices of this target in the shared pipelines.
  virtual PipelineOptions pipelineOptions() const = 0;
  /// The memories that the arena of the model with this signature may lie in, the most preferred
  /// first; empty for one that the target does not limit.
  virtual std::vector<MemoryRegion> memoryRegions(const package::Manifest &manifest) const;
  /// Fills the manifest's target, triple, cpu and cpuFeatures.
  virtual void describe(package::Manifest &manifest) const = 0;
  /// Turns the program into code. An ExitCode; anything but success has a reason in `error`.
  virtual int emit(const Program &program, llvm::StringRef kind, Artifact &artifact,
                   std::string &error) = 0;
  /// What runs this target's packages on `board` ("" for the default). Null when the host does, or
  /// with a reason in `error`.
  virtual std::unique_ptr<Runner> createRunner(const std::string &board, std::string &error);
};

/// A new target by name, or null.
std::unique_ptr<Target> createTarget(llvm::StringRef name);
std::vector<std::string> targetNames();

} // namespace pebble

#endif // PEBBLE_TARGETS_TARGET_H
