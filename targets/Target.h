// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a target is: features, pipelines, code, package section. One implementation a folder.
#ifndef PEBBLE_TARGETS_TARGET_H
#define PEBBLE_TARGETS_TARGET_H

#include "passes/Pipelines.h"
#include "runtime/package/Writer.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringRef.h"

#include <memory>
#include <string>
#include <vector>

namespace pebble {

/// What a user chose about code generation.
struct TargetOptions {
  std::string cpu = "native"; ///< In the target's vocabulary.
  bool fastMath = false;
};

/// Code for one module.
struct Artifact {
  /// Sections of the package, their contents owned by `storage`.
  std::vector<package::SectionContents> sections;
  std::vector<std::unique_ptr<std::string>> storage;

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
  /// Fills the manifest's target, triple, cpu and cpuFeatures.
  virtual void describe(package::Manifest &manifest) const = 0;
  /// Turns a module in the LLVM dialect into code; false with a reason in `error`.
  virtual bool emit(mlir::ModuleOp module, llvm::StringRef kind, Artifact &artifact,
                    std::string &error) = 0;
};

/// A new target by name, or null.
std::unique_ptr<Target> createTarget(llvm::StringRef name);
std::vector<std::string> targetNames();

} // namespace pebble

#endif // PEBBLE_TARGETS_TARGET_H
