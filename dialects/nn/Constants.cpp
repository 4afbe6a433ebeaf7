// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/nn/Constants.h"

#include "dialects/nn/KernelCall.h"
#include "runtime/abi/pebble_abi.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

#include <cstring>

using namespace mlir;
using namespace pebble;

namespace {

/// Larger constants leave the context's uniquing, which would hash and keep every version of them.
constexpr size_t largestUniqued = 4096;

bool isSplat(ArrayRef<char> bytes, size_t width) {
  return bytes.size() >= width &&
         std::memcmp(bytes.data(), bytes.data() + width, bytes.size() - width) == 0;
}

ElementsAttr makeDense(RankedTensorType type, ArrayRef<char> bytes) {
  if (type.getElementType().isInteger(1)) {
    // The packing of booleans is the attribute's own business.
    SmallVector<bool> values(bytes.begin(), bytes.end());
    return cast<ElementsAttr>(DenseElementsAttr::get(type, values));
  }
  return cast<ElementsAttr>(DenseElementsAttr::getFromRawBuffer(type, bytes));
}

template <typename T> T load(ArrayRef<char> bytes, size_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

int64_t loadInt(ArrayRef<char> bytes, size_t i, int32_t dtype) {
  switch (dtype) {
  case PEBBLE_I8:
    return load<int8_t>(bytes, i);
  case PEBBLE_U8:
  case PEBBLE_BOOL:
    return load<uint8_t>(bytes, i);
  case PEBBLE_I16:
    return load<int16_t>(bytes, i);
  case PEBBLE_U16:
    return load<uint16_t>(bytes, i);
  case PEBBLE_I32:
    return load<int32_t>(bytes, i);
  case PEBBLE_U32:
    return load<uint32_t>(bytes, i);
  default:
    return load<int64_t>(bytes, i);
  }
}

} // namespace

ElementsAttr nn::constantAttr(Value value) {
  ElementsAttr attr;
  return value && matchPattern(value, m_Constant(&attr)) ? attr : ElementsAttr();
}

std::optional<int64_t> nn::tensorBytes(RankedTensorType type) {
  if (!type.hasStaticShape())
    return std::nullopt;
  int64_t bytes = elementBytes(type.getElementType());
  for (int64_t dim : type.getShape())
    if (llvm::MulOverflow(bytes, dim, bytes))
      return std::nullopt;
  return bytes;
}

ArrayRef<char> nn::rawBytes(ElementsAttr attr, SmallVectorImpl<char> &storage) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    return blob ? blob->getData() : ArrayRef<char>();
  }
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  if (!dense)
    return {};
  if (attr.getElementType().isInteger(1)) {
    storage.clear();
    storage.reserve(dense.getNumElements());
    for (bool value : dense.getValues<bool>())
      storage.push_back(value ? 1 : 0);
    return storage;
  }
  ArrayRef<char> data = dense.getRawData();
  if (!dense.isSplat() || dense.getNumElements() == 1)
    return data;
  storage.resize_for_overwrite(dense.getNumElements() * data.size());
  for (size_t offset = 0; offset < storage.size(); offset += data.size())
    std::memcpy(storage.data() + offset, data.data(), data.size());
  return storage;
}

std::optional<SmallVector<int64_t>> nn::constantInts(Value value) {
  ElementsAttr attr = constantAttr(value);
  if (!attr || !isa<IntegerType>(attr.getElementType()))
    return std::nullopt;
  int32_t dtype = dtypeOf(attr.getElementType());
  SmallVector<char> storage;
  ArrayRef<char> bytes = rawBytes(attr, storage);
  size_t count = attr.getNumElements();
  if (bytes.size() != count * elementBytes(attr.getElementType()))
    return std::nullopt;
  SmallVector<int64_t> ints(count);
  for (size_t i = 0; i < count; ++i)
    ints[i] = loadInt(bytes, i, dtype);
  return ints;
}

std::optional<SmallVector<double>> nn::constantReals(Value value) {
  ElementsAttr attr = constantAttr(value);
  auto type = attr ? dyn_cast<FloatType>(attr.getElementType()) : FloatType();
  if (!type)
    return std::nullopt;
  SmallVector<char> storage;
  ArrayRef<char> bytes = rawBytes(attr, storage);
  size_t count = attr.getNumElements();
  if (bytes.size() != count * elementBytes(type))
    return std::nullopt;
  SmallVector<double> reals(count);
  for (size_t i = 0; i < count; ++i) {
    if (type.isF64()) {
      reals[i] = load<double>(bytes, i);
    } else if (type.isF32()) {
      reals[i] = load<float>(bytes, i);
    } else {
      llvm::APFloat number(type.getFloatSemantics(), llvm::APInt(16, load<uint16_t>(bytes, i)));
      bool losesInfo = false;
      number.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
      reals[i] = number.convertToDouble();
    }
  }
  return reals;
}

ElementsAttr nn::makeConstant(RankedTensorType type, ArrayRef<char> bytes) {
  if (bytes.size() <= largestUniqued && !bytes.empty())
    return makeConstant(type, UnmanagedAsmResourceBlob::allocateWithAlign(bytes, 1));
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(bytes.size(), 64);
  llvm::copy(bytes, blob.getMutableData().begin());
  return makeConstant(type, std::move(blob));
}

ElementsAttr nn::makeConstant(RankedTensorType type, AsmResourceBlob blob) {
  ArrayRef<char> bytes = blob.getData();
  size_t width = elementBytes(type.getElementType());
  if (bytes.empty())
    return cast<ElementsAttr>(DenseElementsAttr::get(type, ArrayRef<Attribute>()));
  if (isSplat(bytes, width))
    return makeDense(type, bytes.take_front(width));
  if (bytes.size() <= largestUniqued)
    return makeDense(type, bytes);
  return cast<ElementsAttr>(DenseResourceElementsAttr::get(type, "constant", std::move(blob)));
}

ElementsAttr nn::makeInts(MLIRContext *context, ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({int64_t(values.size())}, IntegerType::get(context, 64));
  return cast<ElementsAttr>(DenseElementsAttr::get(type, values));
}
