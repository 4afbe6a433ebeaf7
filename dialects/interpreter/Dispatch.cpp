// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/interpreter/Dispatch.h"

using namespace llvm;
using namespace pebble::interpreter;

BroadcastRows::BroadcastRows(ArrayRef<int64_t> resultDims, ArrayRef<const Tensor *> operands)
    : offsets(operands.size(), 0) {
  auto isWhole = [&](const Tensor *operand) {
    return operand->numElements() == 1 || operand->dims() == resultDims;
  };
  int64_t total = 1;
  for (int64_t dim : resultDims)
    total *= dim;
  if (total == 0) {
    rowsLeft = 0;
    return;
  }
  if (all_of(operands, isWhole)) {
    length = total;
    for (const Tensor *operand : operands)
      steps.push_back(operand->numElements() == 1 ? 0 : 1);
    return;
  }
  // The last dim is the row; a result of rank 0 has whole operands.
  size_t rank = resultDims.size();
  length = resultDims.back();
  dims.assign(resultDims.begin(), resultDims.end() - 1);
  position.assign(dims.size(), 0);
  for (int64_t dim : dims)
    rowsLeft *= dim;
  for (const Tensor *operand : operands) {
    SmallVector<int64_t> byDim(rank, 0);
    int64_t stride = 1;
    size_t skipped = rank - operand->rank();
    for (size_t i = rank; i-- > skipped;) {
      int64_t size = operand->dims()[i - skipped];
      byDim[i] = size == 1 ? 0 : stride;
      stride *= size;
    }
    steps.push_back(byDim.back());
    strides.push_back(std::move(byDim));
  }
}

void BroadcastRows::next() {
  --rowsLeft;
  for (size_t dim = dims.size(); dim-- > 0;) {
    bool wraps = ++position[dim] == dims[dim];
    for (size_t i = 0; i < offsets.size(); ++i)
      offsets[i] += wraps ? -strides[i][dim] * (dims[dim] - 1) : strides[i][dim];
    if (!wraps)
      return;
    position[dim] = 0;
  }
}
