// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Samples of a model's inputs, as `pebble quantize --calibrate` takes them (docs/quantize.md).
// Problems are thrown as Failure.
#ifndef PEBBLE_TOOLS_PEBBLE_CALIBRATIONSET_H
#define PEBBLE_TOOLS_PEBBLE_CALIBRATIONSET_H

#include "tools/pebble/Model.h"

#include <map>

namespace pebble::cli {

class CalibrationSet {
public:
  /// `path` is a .npz file, a .npy file for a model of one input, or a folder. Files of a folder
  /// are read when their sample is asked for.
  CalibrationSet(const std::string &path, const std::vector<Signature> &inputs);

  size_t size() const { return samples; }
  /// Keeps the first samples only.
  void limit(size_t most) { samples = std::min(samples, most); }
  /// The inputs of one run by name.
  std::map<std::string, Array> sample(size_t index) const;

private:
  enum class Kind { Rows, Npz, Npy, TestData };

  void openArrays(const std::string &path, std::map<std::string, Array> arrays);
  void openFolder(const std::string &path);
  void check(const std::string &what, std::map<std::string, Array> &arrays) const;
  const Signature &onlyInput(const std::string &what) const;

  std::vector<Signature> inputs;
  Kind kind = Kind::Rows;
  size_t samples = 0;
  std::map<std::string, Array> rows; ///< Kind::Rows: all samples of an input, one after another.
  std::vector<std::string> files;    ///< The others: a file or folder a sample.
};

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_CALIBRATIONSET_H
