// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/x86/X86Target.h"

#include "targets/codegen/Codegen.h"
#include "targets/codegen/Embed.h"
#include "targets/x86/kernels/Bitcode.h"
#include "targets/x86/kernels/Microkernels.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

using namespace pebble;

namespace {

constexpr llvm::StringLiteral triple = "x86_64-unknown-linux-gnu";

/// The levels of the x86-64 psABI, each with what it adds to the one before.
struct Level {
  llvm::StringLiteral cpu;
  int64_t vectorBytes;
  std::initializer_list<const char *> features;
};
const Level levels[] = {
    {"x86-64-v2", 16, {"cx16", "popcnt", "sse3", "ssse3", "sse4.1", "sse4.2"}},
    {"x86-64-v3", 32, {"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"}},
    {"x86-64-v4", 64, {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}},
};

/// Additions that a kernel can use; taken from the host for `native`.
constexpr llvm::StringLiteral extensions[] = {"avx512vnni", "avxvnni", "avx512bf16", "avx512fp16"};

class X86Target : public Target {
public:
  llvm::StringRef name() const override { return "x86"; }
  llvm::StringRef summary() const override {
    return "x86-64 servers and desktops; --cpu native, x86-64-v2, x86-64-v3 or x86-64-v4, with "
           "additions such as x86-64-v4+avx512vnni";
  }
  llvm::ArrayRef<llvm::StringLiteral> emitKinds() const override {
    static constexpr llvm::StringLiteral kinds[] = {"package", "so", "obj", "asm", "llvm"};
    return kinds;
  }

  bool configure(const TargetOptions &options, std::string &error) override {
    fastMath = options.fastMath;
    llvm::StringRef request = options.cpu;
    if (request == "native")
      return configureNative(error);
    auto [level, additions] = request.split('+');
    if (!select(level)) {
      error = "--cpu " + options.cpu + " is not one of native, x86-64-v2, x86-64-v3, x86-64-v4";
      return false;
    }
    for (llvm::StringRef addition : llvm::split(additions, '+')) {
      if (addition.empty())
        continue;
      if (!llvm::is_contained(extensions, addition)) {
        error = "--cpu " + options.cpu + ": " + addition.str() + " is not one of " +
                llvm::join(llvm::ArrayRef(extensions), ", ");
        return false;
      }
      features.push_back(addition.str());
    }
    return true;
  }

  PipelineOptions pipelineOptions() const override {
    PipelineOptions options;
    options.vectorBytes = vectorBytes;
    options.fusedMultiplyAdd = llvm::is_contained(features, "fma");
    // The name of the operation for passes, and what its kernel gives.
    static constexpr std::pair<llvm::StringLiteral, llvm::StringLiteral> operations[] = {
        {"gemm", "u8"},      {"conv", "u8"},    {"gemm", "i32"},   {"conv", "i32"},
        {"gemm4", "u8"},     {"conv4", "u8"},   {"gemm", "f32"},   {"conv", "f32"},
        {"depthwise", "u8"}, {"maxpool", "u8"}, {"avgpool", "u8"}, {"lookup", "u8"}};
    for (auto [operation, output] : operations)
      if (const x86::Microkernel *kernel =
              x86::selectMicrokernel(operation, "u8", output, features))
        options.microkernels.push_back(
            (operation + (output == "u8" ? "" : "_" + output) + "=" + kernel->symbol).str());
    options.trace = true;
    return options;
  }

  void describe(package::Manifest &manifest) const override {
    manifest.target = "x86";
    manifest.triple = triple.str();
    manifest.cpu = cpu;
    manifest.cpuFeatures = features;
  }

  int emit(const Program &program, llvm::StringRef kind, Artifact &artifact,
           std::string &error) override {
    bool isEmbedded = kind == "so" || kind == "obj";
    if (isEmbedded && !embeddable(program, kind, error))
      return ExitUnsupported;
    MachineOptions machine;
    machine.triple = triple.str();
    machine.cpu = cpu;
    for (const std::string &feature : features)
      machine.features += (machine.features.empty() ? "+" : ",+") + feature;
    machine.preferVectorBits = vectorBytes * 8;
    machine.fastMath = fastMath;
    machine.microkernels = x86::kernelBitcode();
    std::string entry = program.manifest.entry, code;
    CodeKind codeKind = kind == "llvm"  ? CodeKind::LLVMIR
                        : kind == "asm" ? CodeKind::Assembly
                                        : CodeKind::Object;
    ExtendModule embed;
    if (isEmbedded)
      embed = [&](llvm::Module &module) { return embedModel(module, program, entry); };
    else if (!program.manifest.plan.empty())
      embed = [&](llvm::Module &) { return std::vector{entry, program.manifest.plan}; };
    if (!generateCode(program.module, machine, entry, codeKind, code, error, embed))
      return ExitInternal;
    if (isEmbedded)
      artifact.header = embeddedHeader(program);
    if (kind == "package" || kind == "so") {
      std::string shared;
      if (!linkSharedObject(code, shared, error))
        return ExitInternal;
      code = std::move(shared);
    }
    artifact.addSection(package::kCodeSection, std::move(code));
    return ExitOk;
  }

private:
  bool select(llvm::StringRef level) {
    features.clear();
    for (const Level &row : levels) {
      features.insert(features.end(), row.features.begin(), row.features.end());
      if (row.cpu == level) {
        cpu = level.str();
        vectorBytes = row.vectorBytes;
        return true;
      }
    }
    return false;
  }

  bool configureNative(std::string &error) {
    llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
    for (const Level &row : llvm::reverse(levels)) {
      select(row.cpu);
      if (llvm::all_of(features,
                       [&](const std::string &feature) { return host.lookup(feature); })) {
        for (llvm::StringRef extension : extensions)
          if (host.lookup(extension))
            features.push_back(extension.str());
        return true;
      }
    }
    error = "this processor lacks SSE4.2, the least that Pebble generates code for; name another "
            "with --cpu";
    return false;
  }

  std::string cpu;
  std::vector<std::string> features;
  int64_t vectorBytes = 16;
  bool fastMath = false;
};

} // namespace

std::unique_ptr<Target> pebble::createX86Target() { return std::make_unique<X86Target>(); }
