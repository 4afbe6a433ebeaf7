// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From element types known at run time to C++ types, and from broadcast tensors to elements.
#ifndef PEBBLE_DIALECTS_INTERPRETER_DISPATCH_H
#define PEBBLE_DIALECTS_INTERPRETER_DISPATCH_H

#include "dialects/interpreter/Tensor.h"
#include "runtime/kernels/Types.h"

namespace pebble::interpreter {

template <typename T> struct Tag {
  using Type = T;
};

// Each calls `fn` with the tag of the element type and tells whether it is one of the set.
template <typename Fn> bool withFloat(int32_t dtype, Fn fn) {
  switch (dtype) {
  case PEBBLE_F32:
    return fn(Tag<float>()), true;
  case PEBBLE_F64:
    return fn(Tag<double>()), true;
  case PEBBLE_F16:
    return fn(Tag<kernels::Half>()), true;
  case PEBBLE_BF16:
    return fn(Tag<kernels::BFloat16>()), true;
  default:
    return false;
  }
}

template <typename Fn> bool withInteger(int32_t dtype, Fn fn) {
  switch (dtype) {
  case PEBBLE_I8:
    return fn(Tag<int8_t>()), true;
  case PEBBLE_I16:
    return fn(Tag<int16_t>()), true;
  case PEBBLE_I32:
    return fn(Tag<int32_t>()), true;
  case PEBBLE_I64:
    return fn(Tag<int64_t>()), true;
  case PEBBLE_U8:
    return fn(Tag<uint8_t>()), true;
  case PEBBLE_U16:
    return fn(Tag<uint16_t>()), true;
  case PEBBLE_U32:
    return fn(Tag<uint32_t>()), true;
  case PEBBLE_U64:
    return fn(Tag<uint64_t>()), true;
  default:
    return false;
  }
}

template <typename Fn> bool withNumber(int32_t dtype, Fn fn) {
  return withFloat(dtype, fn) || withInteger(dtype, fn);
}

template <typename Fn> bool withAny(int32_t dtype, Fn fn) {
  if (dtype == PEBBLE_BOOL)
    return fn(Tag<kernels::Bool>()), true;
  return withNumber(dtype, fn);
}

/// Walks a result row by row, with the places of the operands that broadcast to it. Rows are as
/// long as possible: the whole tensor when every operand has its dims or one element.
class BroadcastRows {
public:
  BroadcastRows(llvm::ArrayRef<int64_t> resultDims, llvm::ArrayRef<const Tensor *> operands);

  bool done() const { return rowsLeft == 0; }
  void next();
  int64_t rowLength() const { return length; }
  int64_t begin(size_t operand) const { return offsets[operand]; }
  int64_t step(size_t operand) const { return steps[operand]; }

private:
  llvm::SmallVector<int64_t> dims, position;
  llvm::SmallVector<llvm::SmallVector<int64_t>> strides; // of an operand, by result dim
  llvm::SmallVector<int64_t> offsets, steps;
  int64_t rowsLeft = 1, length = 1;
};

/// result[i] = fn(operand[i]...), operands of the given element types broadcasting.
template <typename Result, typename Operand, typename Fn>
void mapUnary(Tensor &result, const Tensor &operand, Fn fn) {
  Result *out = result.mutableData<Result>();
  const Operand *in = operand.data<Operand>();
  for (int64_t i = 0, n = result.numElements(); i < n; ++i)
    out[i] = fn(in[i]);
}

template <typename Result, typename A, typename B, typename Fn>
void mapBinary(Tensor &result, const Tensor &lhs, const Tensor &rhs, Fn fn) {
  Result *out = result.mutableData<Result>();
  for (BroadcastRows rows(result.dims(), {&lhs, &rhs}); !rows.done(); rows.next()) {
    const A *a = lhs.data<A>() + rows.begin(0);
    const B *b = rhs.data<B>() + rows.begin(1);
    int64_t aStep = rows.step(0), bStep = rows.step(1);
    for (int64_t i = 0, n = rows.rowLength(); i < n; ++i)
      *out++ = fn(a[i * aStep], b[i * bStep]);
  }
}

} // namespace pebble::interpreter

#endif // PEBBLE_DIALECTS_INTERPRETER_DISPATCH_H
