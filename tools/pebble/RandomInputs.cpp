// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/pebble/RandomInputs.h"

#include "runtime/support/NarrowFloat.h"
#include "tools/pebble/Verb.h"

#include <cstring>
#include <random>

using namespace pebble::cli;

namespace {

template <typename T> void store(char *target, T value) {
  std::memcpy(target, &value, sizeof(value));
}

void storeRandom(int32_t dtype, uint32_t bytes, uint32_t random, char *target) {
  switch (dtype) {
  case PEBBLE_F32:
    return store(target, static_cast<float>(random >> 8) * 0x1p-24f);
  case PEBBLE_F64:
    return store(target, static_cast<double>(random) * 0x1p-32);
  // A random mantissa below the exponent of [0.5, 1).
  case PEBBLE_F16:
    return store(target, static_cast<uint16_t>(0x3800 | (random >> 22)));
  case PEBBLE_BF16:
    return store(target, static_cast<uint16_t>(0x3f00 | (random >> 25)));
  default:
    std::memset(target, 0, bytes);
    *target = static_cast<char>(random >> 31);
    if (const auto *narrow = pebble::support::findNarrowFloat(dtype))
      *target = static_cast<char>(((narrow->bias - 1) << narrow->fractionBits) |
                                  random >> (32 - narrow->fractionBits));
  }
}

} // namespace

std::vector<Array> pebble::cli::makeRandomInputs(const Model &model,
                                                 const std::map<std::string, int64_t> &dims) {
  std::mt19937 random(1);
  std::vector<Array> arrays;
  for (const Signature &input : model.inputs()) {
    Array array;
    array.dtype = input.dtype;
    for (size_t axis = 0; axis < input.dims.size(); ++axis) {
      const std::string &name = input.dimNames[axis];
      auto bound = dims.find(name.empty() ? input.name + "." + std::to_string(axis) : name);
      array.dims.push_back(input.dims[axis] >= 0 ? input.dims[axis]
                           : bound == dims.end() ? 1
                                                 : bound->second);
    }
    uint32_t elementBytes = array.type().bytes;
    uint64_t bytes = 0;
    constexpr uint64_t kMost = uint64_t(1) << 36;
    if (!support::tensorBytes(array.dims.data(), array.dims.size(), elementBytes, bytes) ||
        bytes > kMost)
      throw Failure(kUsage, "input '" + input.name + "' of shape " + shapeText(array.dims) +
                                " is too large");
    array.data.resize(bytes);
    for (uint64_t offset = 0; offset < bytes; offset += elementBytes)
      storeRandom(array.dtype, elementBytes, static_cast<uint32_t>(random()), &array.data[offset]);
    arrays.push_back(std::move(array));
  }
  return arrays;
}
