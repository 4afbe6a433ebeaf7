// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/interpreter/Tensor.h"

#include "dialects/nn/Constants.h"
#include "dialects/nn/KernelCall.h"
#include "runtime/kernels/Types.h"

#include "mlir/IR/AsmState.h"

#include <cstdlib>
#include <cstring>

using namespace mlir;
using namespace pebble;
using namespace pebble::interpreter;

std::optional<Tensor> Tensor::allocate(int32_t dtype, ArrayRef<int64_t> dims) {
  constexpr size_t alignment = 64;
  Tensor tensor;
  tensor.type = dtype;
  tensor.extents.assign(dims.begin(), dims.end());
  int64_t count = 1, bytes = 0;
  for (int64_t dim : dims)
    if (dim < 0 || llvm::MulOverflow(count, dim, count))
      return std::nullopt;
  if (llvm::MulOverflow(count, int64_t(kernels::elementSize(dtype)), bytes) ||
      bytes > INT64_MAX - int64_t(alignment))
    return std::nullopt;
  tensor.count = count;
  tensor.size = bytes;
  size_t rounded = (tensor.size / alignment + 1) * alignment;
  auto *memory = static_cast<char *>(std::aligned_alloc(alignment, rounded));
  if (!memory)
    return std::nullopt;
  tensor.storage = std::shared_ptr<char>(memory, std::free);
  return tensor;
}

std::optional<Tensor> Tensor::copyOf(int32_t dtype, ArrayRef<int64_t> dims, ArrayRef<char> bytes) {
  std::optional<Tensor> tensor = allocate(dtype, dims);
  if (!tensor || tensor->size != bytes.size())
    return std::nullopt;
  if (!bytes.empty())
    std::memcpy(tensor->storage.get(), bytes.data(), bytes.size());
  return tensor;
}

std::optional<Tensor> Tensor::of(ElementsAttr attr) {
  auto type = dyn_cast<RankedTensorType>(attr.getShapedType());
  std::optional<int64_t> expected = type ? nn::tensorBytes(type) : std::nullopt;
  if (!expected)
    return std::nullopt;
  int32_t dtype = nn::dtypeOf(type.getElementType());
  if (dtype == PEBBLE_NONE)
    return std::nullopt;
  SmallVector<char> expanded;
  ArrayRef<char> bytes = nn::rawBytes(attr, expanded);
  if (bytes.size() != size_t(*expected))
    return std::nullopt;
  bool isAligned = reinterpret_cast<uintptr_t>(bytes.data()) % 8 == 0;
  if (bytes.empty() || bytes.data() == expanded.data() || !isAligned)
    return copyOf(dtype, type.getShape(), bytes);
  Tensor tensor;
  tensor.type = dtype;
  tensor.extents.assign(type.getShape().begin(), type.getShape().end());
  tensor.count = type.getNumElements();
  tensor.size = bytes.size();
  // The context owns the elements and outlives the tensor.
  tensor.storage = std::shared_ptr<char>(const_cast<char *>(bytes.data()), [](char *) {});
  return tensor;
}

ElementsAttr Tensor::toAttr(MLIRContext *context) const {
  auto keepAlive = [shared = storage](void *, size_t, size_t) {};
  return nn::makeConstant(tensorType(context),
                          AsmResourceBlob(bytes(), /*dataAlignment=*/8, std::move(keepAlive),
                                          /*dataIsMutable=*/false));
}

RankedTensorType Tensor::tensorType(MLIRContext *context) const {
  return RankedTensorType::get(extents, nn::elementTypeOf(context, type));
}

bool Tensor::fits(Type other) const {
  auto tensor = dyn_cast<RankedTensorType>(other);
  if (!tensor || tensor.getRank() != rank() || nn::dtypeOf(tensor.getElementType()) != type)
    return false;
  for (auto [known, dim] : llvm::zip(tensor.getShape(), extents))
    if (!ShapedType::isDynamic(known) && known != dim)
      return false;
  return true;
}

Tensor Tensor::reshaped(ArrayRef<int64_t> dims) const {
  Tensor tensor = *this;
  tensor.extents.assign(dims.begin(), dims.end());
  return tensor;
}
