// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensors in the compiler's memory: what the reference interpreter computes on.
#ifndef PEBBLE_DIALECTS_INTERPRETER_TENSOR_H
#define PEBBLE_DIALECTS_INTERPRETER_TENSOR_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "runtime/abi/pebble_abi.h"

#include <memory>
#include <optional>

namespace pebble::interpreter {

/// A dense row-major tensor. Copies share the elements, which do not change once a tensor has been
/// handed on; only who allocates one writes to it.
class Tensor {
public:
  /// An absent optional operand.
  Tensor() = default;

  /// Uninitialized elements, 64-byte aligned; nothing when they are too many for memory.
  static std::optional<Tensor> allocate(int32_t dtype, llvm::ArrayRef<int64_t> dims);
  /// The elements of a constant, in place where the attribute keeps them in memory order. Nothing
  /// for an attribute without data.
  static std::optional<Tensor> of(mlir::ElementsAttr attr);
  /// A copy of `bytes`, which hold as many elements as `dims` ask for; else nothing.
  static std::optional<Tensor> copyOf(int32_t dtype, llvm::ArrayRef<int64_t> dims,
                                      llvm::ArrayRef<char> bytes);

  /// A constant of these elements: large ones are shared, not copied.
  mlir::ElementsAttr toAttr(mlir::MLIRContext *context) const;

  explicit operator bool() const { return type != PEBBLE_NONE; }
  int32_t dtype() const { return type; }
  llvm::ArrayRef<int64_t> dims() const { return extents; }
  int64_t rank() const { return extents.size(); }
  int64_t numElements() const { return count; }
  llvm::ArrayRef<char> bytes() const { return {storage.get(), size}; }
  template <typename T> const T *data() const { return reinterpret_cast<const T *>(storage.get()); }
  template <typename T> T *mutableData() { return reinterpret_cast<T *>(storage.get()); }

  /// For a call of compiled code; points into this tensor.
  pebble_tensor view() const {
    return {storage.get(), extents.data(), type, static_cast<int32_t>(extents.size())};
  }
  mlir::RankedTensorType tensorType(mlir::MLIRContext *context) const;
  /// Whether the tensor is a value of the type.
  bool fits(mlir::Type type) const;

  /// The same elements under other dims of the same product.
  Tensor reshaped(llvm::ArrayRef<int64_t> dims) const;

private:
  int32_t type = PEBBLE_NONE;
  llvm::SmallVector<int64_t, 6> extents;
  int64_t count = 0;
  size_t size = 0;
  std::shared_ptr<char> storage;
};

} // namespace pebble::interpreter

#endif // PEBBLE_DIALECTS_INTERPRETER_TENSOR_H
