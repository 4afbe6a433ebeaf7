// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The discrete Fourier transform of one line, term by term, in double precision whatever the
// element type: without scratch memory there is no place for the stages of a fast transform.
#ifndef PEBBLE_KERNELS_FOURIERLINE_H
#define PEBBLE_KERNELS_FOURIERLINE_H

#include "runtime/kernels/Accumulate.h"
#include "runtime/kernels/math.h"

namespace pebble::kernels {

struct Complex {
  double real, imaginary;
};

// e^(2 pi i * numerator / denominator), for 0 <= numerator < denominator. Reducing to an eighth of
// a turn keeps multiples of a quarter exact.
PEBBLE_INLINE Complex unitRoot(int64_t numerator, int64_t denominator) {
  int64_t eighths = 8 * numerator / denominator;
  int64_t quarter = (eighths + 1) / 2;
  constexpr double halfPi = 1.57079632679489661923;
  double angle = halfPi * static_cast<double>(4 * numerator - quarter * denominator) /
                 static_cast<double>(denominator);
  double c = math::cos(angle), s = math::sin(angle);
  switch (quarter & 3) {
  case 0:
    return {c, s};
  case 1:
    return {-s, c};
  case 2:
    return {-c, -s};
  default:
    return {s, -c};
  }
}

// Sum over n < count of read(n) * e^(sign * 2 pi i * k * n / length). Sixteen terms at a time share
// one exact root; the others come from it by one multiplication.
template <typename Read>
PEBBLE_INLINE Complex fourierSum(Read read, int64_t count, int64_t length, int64_t k, int sign) {
  double stepReal[partialSums], stepImaginary[partialSums];
  for (int64_t i = 0; i < partialSums; ++i) {
    Complex root = unitRoot(k * i % length, length);
    stepReal[i] = root.real;
    stepImaginary[i] = sign * root.imaginary;
  }
  double sumReal[partialSums] = {}, sumImaginary[partialSums] = {};
  for (int64_t first = 0; first < count; first += partialSums) {
    Complex base = unitRoot(k * (first % length) % length, length);
    base.imaginary *= sign;
    double real[partialSums], imaginary[partialSums];
    for (int64_t i = 0; i < partialSums; ++i) {
      Complex term = first + i < count ? read(first + i) : Complex{0, 0};
      real[i] = term.real;
      imaginary[i] = term.imaginary;
    }
    for (int i = 0; i < partialSums; ++i) {
      double c = base.real * stepReal[i] - base.imaginary * stepImaginary[i];
      double s = base.real * stepImaginary[i] + base.imaginary * stepReal[i];
      sumReal[i] += real[i] * c - imaginary[i] * s;
      sumImaginary[i] += real[i] * s + imaginary[i] * c;
    }
  }
  return {sumPartial<double>(loadPartial(sumReal)), sumPartial<double>(loadPartial(sumImaginary))};
}

} // namespace pebble::kernels
#endif // PEBBLE_KERNELS_FOURIERLINE_H
