// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/interpreter/KernelEvaluation.h"

#include "dialects/nn/KernelCall.h"
#include "runtime/kernels/Table.h"

using namespace mlir;
using namespace pebble;
using namespace pebble::interpreter;

namespace {

/// What a status of a kernel or shape function means.
StringRef statusText(int32_t status) {
  switch (status) {
  case PEBBLE_ERROR_SHAPE:
    return "operand dims do not fit together";
  case PEBBLE_ERROR_INDEX:
    return "an index is out of range";
  case PEBBLE_ERROR_MEMORY:
    return "out of memory";
  case PEBBLE_ERROR_VALUE:
    return "an operand's value is outside its domain";
  default:
    return "not supported";
  }
}

/// The operands by declared position, absent ones as such.
SmallVector<Tensor> operandSlots(Operation *op, ArrayRef<Tensor> operands) {
  SmallVector<Tensor> slots;
  for (Value slot : nn::operandSlots(op)) {
    slots.push_back(slot ? operands.front() : Tensor());
    operands = operands.drop_front(slot ? 1 : 0);
  }
  return slots;
}

LogicalResult allocateResults(Operation *op, const pebble_tensor *operands,
                              const nn::KernelAttributes &attributes,
                              SmallVectorImpl<Tensor> &results, std::string &error) {
  std::string mnemonic = nn::kernelName(op).str();
  pebble_shape_fn shape = kernels::findShape(mnemonic.c_str());
  if (!shape) {
    error = "the kernel library has no shape function '" + mnemonic + "'";
    return failure();
  }
  SmallVector<SmallVector<int64_t>> dims;
  for (Type type : op->getResultTypes())
    dims.emplace_back(cast<RankedTensorType>(type).getRank());
  SmallVector<int64_t *> pointers =
      llvm::map_to_vector(dims, [](SmallVector<int64_t> &list) { return list.data(); });
  int32_t status =
      shape(operands, attributes.ints.data(), attributes.floats.data(), pointers.data());
  if (status != PEBBLE_OK) {
    error = statusText(status).str();
    return failure();
  }
  for (auto [type, list] : llvm::zip(op->getResultTypes(), dims)) {
    Type element = cast<RankedTensorType>(type).getElementType();
    std::optional<Tensor> result = Tensor::allocate(nn::dtypeOf(element), list);
    if (!result) {
      error = statusText(PEBBLE_ERROR_MEMORY).str();
      return failure();
    }
    results.push_back(std::move(*result));
  }
  return success();
}

} // namespace

LogicalResult pebble::interpreter::evaluateKernel(nn::KernelOpInterface op,
                                                  ArrayRef<Tensor> operands,
                                                  SmallVectorImpl<Tensor> &results,
                                                  std::string &error) {
  SmallVector<Tensor> slots = operandSlots(op, operands);
  SmallVector<pebble_tensor> tensors =
      llvm::map_to_vector(slots, [](const Tensor &tensor) { return tensor.view(); });
  nn::KernelAttributes attributes = nn::flattenAttributes(op);
  if (failed(allocateResults(op, tensors.data(), attributes, results, error)))
    return failure();

  int32_t dtype = slots.front().dtype();
  std::string mnemonic = nn::kernelName(op).str();
  pebble_kernel_fn kernel = kernels::findKernel(mnemonic.c_str(), dtype);
  if (!kernel) {
    error = "the kernel library has no kernel '" + mnemonic + "' for " + nn::dtypeName(dtype).str();
    return failure();
  }
  for (const Tensor &result : results)
    tensors.push_back(result.view());
  int32_t status = kernel(tensors.data(), attributes.ints.data(), attributes.floats.data());
  if (status == PEBBLE_OK)
    return success();
  error = statusText(status).str();
  return failure();
}
