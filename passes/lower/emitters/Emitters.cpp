// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lower/emitters/Emitters.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace pebble;

EmitKernelOp pebble::findEmitter(Operation *op) {
  static const llvm::StringMap<EmitKernelOp> emitters = {
      {"add_bytes", emitAddBytes},           {"conv_nhwc", emitConvNhwc},
      {"conv_packed", emitConvPacked},       {"conv_sums", emitConvSums},
      {"depthwise_nhwc", emitDepthwiseNhwc}, {"depthwise_packed", emitDepthwisePacked},
      {"lookup_bytes", emitLookupBytes},     {"matmul", emitMatMul},
      {"matmul_packed", emitMatMulPacked},   {"max_bytes", emitMaxBytes},
      {"mean_bytes", emitMeanBytes},         {"mul_bytes", emitMulBytes},
      {"pool_nhwc", emitPoolNhwc},           {"product_bytes", emitProductBytes},
      {"transpose", emitChannelsLast},
  };
  return emitters.lookup(op->getName().stripDialect());
}

int64_t pebble::mostRows(const LoweringOptions &options, int64_t vectors) {
  // 32 registers with 64-byte vectors, 16 below; some hold weights and the broadcast input.
  int64_t sums = options.vectorBytes >= 64 ? 24 : 12;
  return std::min<int64_t>(sums / vectors, 12);
}
