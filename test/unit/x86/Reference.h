// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the microkernels must compute, one value at a time in 64-bit integers, and random operands.
#ifndef PEBBLE_TEST_UNIT_X86_REFERENCE_H
#define PEBBLE_TEST_UNIT_X86_REFERENCE_H

#include "targets/x86/kernels/Native.h"
#include "targets/x86/kernels/Packing.h"

#include <gtest/gtest.h>

#include <sys/mman.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace pebble::x86::test {

/// Memory that ends at a page which nobody may touch, and so does the page before it: kernels may
/// neither read nor write outside their operands.
template <typename T> struct GuardedAllocator {
  using value_type = T;
  static constexpr size_t page = 4096;
  static size_t whole(size_t count) { return (count * sizeof(T) + page - 1) / page * page; }

  T *allocate(size_t count) {
    const size_t bytes = whole(count);
    void *memory = mmap(nullptr, bytes + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      throw std::bad_alloc();
    char *first = static_cast<char *>(memory) + page;
    if (bytes && mprotect(first, bytes, PROT_READ | PROT_WRITE))
      throw std::bad_alloc();
    return reinterpret_cast<T *>(first + bytes) - count;
  }
  void deallocate(T *memory, size_t count) {
    const size_t bytes = whole(count);
    munmap(reinterpret_cast<char *>(memory + count) - bytes - page, bytes + 2 * page);
  }
  bool operator==(const GuardedAllocator &) const { return true; }
};
template <typename T> using Buffer = std::vector<T, GuardedAllocator<T>>;

template <typename T> Buffer<T> guarded(const std::vector<T> &values) {
  return Buffer<T>(values.begin(), values.end());
}

struct Random {
  explicit Random(uint32_t seed) : engine(seed) {}
  int64_t operator()(int64_t lo, int64_t hi) {
    return std::uniform_int_distribution<int64_t>(lo, hi)(engine);
  }
  template <typename T> T pick(std::initializer_list<T> choices) {
    return choices.begin()[(*this)(0, int64_t(choices.size()) - 1)];
  }
  /// Any values, or only the extremes, which saturate wherever something can.
  template <typename T> Buffer<T> values(int64_t count) {
    using Limits = std::numeric_limits<T>;
    bool extremes = (*this)(0, 3) == 0;
    Buffer<T> result(count);
    for (T &value : result)
      value = extremes ? T((*this)(0, 1) ? Limits::max() : Limits::lowest())
                       : T((*this)(Limits::lowest(), Limits::max()));
    return result;
  }
  std::mt19937 engine;
};

/// How a result is stored: requantization, or the scale alone.
struct Store {
  Buffer<float> scale; // padded
  Buffer<int32_t> weightZero;
  int32_t zero = 0, lo = 0, hi = 0;

  /// `magnitude` is about the accumulator's; `padded` the number of entries.
  template <typename Out> void randomize(Random &random, int64_t padded, double magnitude) {
    using Limits = std::numeric_limits<Out>;
    scale.resize(padded);
    // Powers of two make ties; large scales saturate.
    int kind = int(random(0, 3));
    for (float &value : scale) {
      double base = 100.0 / magnitude * std::exp2(double(random(-300, 300)) / 100);
      value = kind == 0   ? float(std::exp2(std::floor(std::log2(base))))
              : kind == 1 ? float(base * 1000)
                          : float(base);
    }
    if constexpr (sizeof(Out) == 1) {
      zero = int32_t(random(Limits::lowest(), Limits::max()));
      lo = Limits::lowest();
      hi = Limits::max();
      if (random(0, 1)) {
        lo = int32_t(random(lo, hi));
        hi = int32_t(random(lo, hi));
      }
    }
    weightZero.clear();
    if (random(0, 2) == 0)
      for (int64_t i = 0; i < padded; ++i)
        weightZero.push_back(int32_t(random(-255, 255)));
  }
  const int32_t *weightZeros() const { return weightZero.empty() ? nullptr : weightZero.data(); }

  template <typename Out> Out operator()(int64_t sum, size_t channel) const {
    int32_t wrapped = int32_t(uint64_t(sum));
    if constexpr (std::is_same_v<Out, int32_t>)
      return wrapped;
    float scaled = float(wrapped) * scale[channel];
    if constexpr (std::is_same_v<Out, float>)
      return scaled;
    double rounded = std::nearbyint(double(scaled)) + zero; // to even
    return Out(std::min<double>(std::max<double>(rounded, lo), hi));
  }
};

/// Calls test(In(), Out()) for all types of inputs and outputs.
template <class Test> void forProductTypes(Test test) {
  auto outputs = [&](auto in) {
    test(in, uint8_t());
    test(in, int8_t());
    test(in, int32_t());
    test(in, float());
  };
  outputs(uint8_t());
  outputs(int8_t());
}

template <class Test> void forPointwiseTypes(Test test) {
  test(uint8_t());
  test(int8_t());
}

template <typename In, typename Out> const Products<In, Out> &products(const NativeLevel &level) {
  return std::get<Products<In, Out>>(level.products);
}

template <typename T> const uint8_t *bytes(const Buffer<T> &values) {
  return reinterpret_cast<const uint8_t *>(values.data());
}

/// The value that kernels work on: inputs of type s8 are moved by 128.
template <typename In> int64_t unsignedValue(In value) {
  return int64_t(value) - std::numeric_limits<In>::lowest();
}

} // namespace pebble::x86::test

#endif // PEBBLE_TEST_UNIT_X86_REFERENCE_H
