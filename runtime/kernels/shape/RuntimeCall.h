// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a shape function sees of its call at run time. The compiler's counterpart, where dims may be
// unknown and errors carry text, is InferenceCall of dialects/nn; both offer the same members.
#ifndef PEBBLE_RUNTIME_KERNELS_SHAPE_RUNTIMECALL_H
#define PEBBLE_RUNTIME_KERNELS_SHAPE_RUNTIMECALL_H

#include "runtime/abi/pebble_abi.h"
#include "runtime/kernels/shape/Dim.h"

namespace pebble::shape {

class RuntimeCall {
public:
  RuntimeCall(const pebble_tensor *operands, const int64_t *ints, int64_t *const *results)
      : operands(operands), ints(ints), results(results) {}

  // Attributes, read in declared order.
  int64_t nextInt() { return *ints++; }
  Array nextArray() {
    Array array{ints + 1, ints[0]};
    ints += array.size + 1;
    return array;
  }

  // Operands, by declared position.
  bool has(int32_t operand) const { return operands[operand].dtype != PEBBLE_NONE; }
  int32_t rank(int32_t operand) const { return operands[operand].rank; }
  Dim dim(int32_t operand, int32_t axis) const { return operands[operand].dims[axis]; }
  bool isFloat(int32_t operand) const {
    int32_t type = operands[operand].dtype;
    return type == PEBBLE_F32 || type == PEBBLE_F64 || type == PEBBLE_F16 || type == PEBBLE_BF16;
  }
  /// Element `index` of an integer shape operand.
  Dim element(int32_t operand, int64_t index) const;
  /// Element `index` of a floating-point shape operand.
  Real real(int32_t operand, int64_t index) const;

  // Results.
  void setRank(int32_t result, int32_t rank) {}
  void set(int32_t result, int32_t axis, Dim dim) {
    results[result][axis] = dim.value();
    if (!dim.isKnown() || dim.value() < 0)
      bad = true;
  }

  /// The text says what was expected, with {0} and {1} for the numbers.
  int32_t fail(int32_t status, const char *text, Dim first = {}, Dim second = {}) const {
    return status;
  }
  int32_t finish(int32_t status) const {
    return status == PEBBLE_OK && bad ? int32_t(PEBBLE_ERROR_SHAPE) : status;
  }

private:
  const pebble_tensor *operands;
  const int64_t *ints;
  int64_t *const *results;
  bool bad = false;
};

} // namespace pebble::shape

#endif // PEBBLE_RUNTIME_KERNELS_SHAPE_RUNTIMECALL_H
