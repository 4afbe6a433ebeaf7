// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lower/emitters/Emitters.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace pebble;

EmitKernelOp pebble::findEmitter(Operation *op) {
  static const llvm::StringMap<EmitKernelOp> emitters = {
      {"add_bytes", emitAddBytes},
      {"conv_nhwc", emitConvNhwc},
      {"conv_packed", emitConvPacked},
      {"depthwise_nhwc", emitDepthwiseNhwc},
      {"depthwise_packed", emitDepthwisePacked},
      {"lookup_bytes", emitLookupBytes},
      {"matmul", emitMatMul},
      {"matmul_packed", emitMatMulPacked},
      {"max_bytes", emitMaxBytes},
      {"mean_bytes", emitMeanBytes},
      {"pool_nhwc", emitPoolNhwc},
      {"shape_of", emitShapeOf},
  };
  return emitters.lookup(op->getName().stripDialect());
}

int64_t pebble::mostRows(const LoweringOptions &options, int64_t vectors) {
  // 32 registers with 64-byte vectors, 16 below; some hold weights and the broadcast input.
  int64_t sums = options.vectorBytes >= 64 ? 24 : 12;
  return std::min<int64_t>(sums / vectors, 12);
}

bool pebble::emitShapeOf(KernelEmitter &emitter, Operation *op) {
  ImplicitLocOpBuilder &b = emitter.builder();
  const KernelTensor *input = emitter.tensor(op->getOperand(0));
  const KernelTensor *result = emitter.tensor(op->getResult(0));
  for (auto [index, size] : llvm::enumerate(input->dims)) {
    Value word = arith::IndexCastOp::create(b, b.getI64Type(), toValue(b, size));
    memref::StoreOp::create(b, word, result->memory,
                            arith::ConstantIndexOp::create(b, index).getResult());
  }
  return true;
}
