// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/interpreter/Dispatch.h"
#include "dialects/interpreter/Elementwise.h"
#include "runtime/kernels/Convert.h"

using namespace pebble;
using namespace pebble::interpreter;

bool pebble::interpreter::convertElements(const Tensor &operand, Tensor &result) {
  bool isKnown = false;
  withAny(operand.dtype(), [&](auto fromTag) {
    using From = typename decltype(fromTag)::Type;
    isKnown = withAny(result.dtype(), [&](auto toTag) {
      using To = typename decltype(toTag)::Type;
      mapUnary<To, From>(result, operand, [](From x) { return kernels::convert<To>(x); });
    });
  });
  return isKnown;
}

bool pebble::interpreter::evaluateCast(mlir::Operation *, llvm::ArrayRef<Tensor> operands,
                                       Tensor &result) {
  return convertElements(operands[0], result);
}
