// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a package says about itself, as plain data: the writer's input and the loader's output.
#ifndef PEBBLE_RUNTIME_PACKAGE_MANIFEST_H
#define PEBBLE_RUNTIME_PACKAGE_MANIFEST_H

#include "runtime/abi/pebble_abi.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace pebble::package {

/// Raised when the header or the meaning of a manifest field changes.
inline constexpr uint8_t kFormatVersion = 1;
/// Sections start at multiples of this, so that they can be mapped.
inline constexpr uint64_t kPageSize = 4096;
inline constexpr int64_t kDynamic = -1;
inline constexpr size_t kMaxRank = 64;
inline constexpr uint64_t kMaxManifestBytes = uint64_t(64) << 20;
inline constexpr uint64_t kMaxArenaBytes = uint64_t(1) << 46;
inline constexpr const char *kConstantsSection = "constants";
inline constexpr const char *kCodeSection = "code";

struct TensorSpec {
  std::string name;
  int32_t dtype = PEBBLE_NONE;
  std::vector<int64_t> dims;         ///< kDynamic where only the run knows.
  std::vector<std::string> dimNames; ///< One per dim, "" without a name.

  bool isStatic() const {
    for (int64_t dim : dims)
      if (dim < 0)
        return false;
    return true;
  }
};

/// How much of one operand or result a kernel moves.
struct Traffic {
  int64_t bytes = 0;      ///< kDynamic where only the run knows.
  std::string expression; ///< Then what it is in terms of the operands' dims, or "dynamic".
};

struct KernelSpec {
  std::string symbol;
  std::vector<std::string> nodes; ///< Names of the ONNX nodes that it computes.
  uint64_t scratchBytes = 0;
  uint64_t bytesRead = 0;      ///< Of the operands whose size is known.
  uint64_t bytesWritten = 0;   ///< Of the results whose size is known.
  std::vector<Traffic> reads;  ///< One per operand; packages of earlier versions have none.
  std::vector<Traffic> writes; ///< One per result.
  int64_t macs = kDynamic;     ///< Multiply-adds of one launch; kDynamic where only the run knows.
};

/// One op of the program, in the order in which they run.
struct StepSpec {
  static constexpr int32_t kNoKernel = -1;

  std::string name;
  int32_t kernel = kNoKernel; ///< Index of the kernel that is launched.
};

/// A place of the arena, for the steps [first, last] of the program.
struct SlotSpec {
  std::string name; ///< The node whose result it holds.
  uint64_t offset = 0;
  uint64_t bytes = 0;
  uint32_t first = 0;
  uint32_t last = 0;
  uint32_t rows = 0;   ///< How many it holds at a time where they are made one by one; else 0.
  uint32_t region = 0; ///< Where the offset counts.
};

/// A memory of its own that is part of the arena.
struct RegionSpec {
  std::string name;
  int64_t capacity = kDynamic; ///< kDynamic for any size.
  uint64_t bytes = 0;          ///< The end of the highest slot.
  uint64_t lowerBound = 0;     ///< No plan of the slots that lie here is smaller.
};

struct Manifest {
  std::string toolVersion;
  uint32_t abiVersion = PEBBLE_ABI_VERSION;
  std::vector<std::string> flags; ///< Compile flags that shaped the package.
  std::string modelName;
  std::array<uint8_t, 32> modelSha256{};
  std::string target; ///< "x86", "cuda", "cortexm4f"
  std::string triple;
  std::string cpu;
  std::vector<std::string> cpuFeatures; ///< Needed instruction sets, LLVM's names without a sign.
  std::string entry;                    ///< The pebble_main_fn in the code section.
  uint64_t arenaBytes = 0; ///< Of all regions; with a plan, what is there before any run.
  std::string plan;        ///< The plan function in the code; "" for none.
  uint64_t planBytes = 0;  ///< Of the plan, at the end of the arenaBytes.
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
  std::vector<KernelSpec> kernels;
  int64_t macs = kDynamic;         ///< Of one run, as of a kernel.
  int64_t extraMacs = 0;           ///< By how many those exceed computing each layer once, whole.
  std::vector<StepSpec> steps;     ///< Packages of earlier versions have none.
  std::vector<SlotSpec> slots;     ///< Those whose size is known.
  uint64_t arenaLowerBound = 0;    ///< No plan of the slots is smaller.
  std::vector<RegionSpec> regions; ///< Empty: the arena is one memory without a name.

  size_t regionCount() const { return regions.empty() ? 1 : regions.size(); }
  uint64_t regionBytes(size_t region) const {
    return regions.empty() ? arenaBytes : regions[region].bytes;
  }
};

/// The first 64 bytes of a file; all integers are little-endian.
struct Header {
  char magic[7];
  uint8_t version;
  uint64_t fileBytes;
  uint64_t manifestOffset;
  uint64_t manifestBytes;
  uint64_t checksum; ///< XXH64 of this header with a zero here, then of the manifest.
  uint8_t reserved[24];
};
static_assert(sizeof(Header) == 64);
inline constexpr char kMagic[7] = {'P', 'E', 'B', 'B', 'L', 'E', '\0'};

} // namespace pebble::package

#endif // PEBBLE_RUNTIME_PACKAGE_MANIFEST_H
