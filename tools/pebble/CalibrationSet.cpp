// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/pebble/CalibrationSet.h"

#include "runtime/support/DType.h"
#include "tools/pebble/Files.h"
#include "tools/pebble/Npy.h"
#include "tools/pebble/TestData.h"
#include "tools/pebble/Verb.h"

#include <algorithm>
#include <filesystem>

using namespace pebble;
using namespace pebble::cli;

namespace {

/// The dims fit the model's, of which -1 are free.
bool fits(const std::vector<int64_t> &dims, const std::vector<int64_t> &expected, size_t from = 0) {
  if (dims.size() != expected.size())
    return false;
  for (size_t i = from; i < dims.size(); ++i)
    if (expected[i] >= 0 && dims[i] != expected[i])
      return false;
  return true;
}

std::string listInputs(const std::vector<Signature> &inputs) {
  std::string list = inputs.empty() ? "the model has no inputs" : "the model's inputs are";
  for (const Signature &input : inputs)
    list += "\n  " + input.name + ": " + input.text();
  return list;
}

} // namespace

CalibrationSet::CalibrationSet(const std::string &path, const std::vector<Signature> &inputs)
    : inputs(inputs) {
  if (std::filesystem::is_directory(path))
    openFolder(path);
  else if (path.ends_with(".npz"))
    openArrays(path, decodeNpz(readFile(path), "'" + path + "'"));
  else if (path.ends_with(".npy"))
    openArrays(path,
               {{onlyInput("'" + path + "'").name, decodeNpy(readFile(path), "'" + path + "'")}});
  else
    throw Failure(kUsage, "'" + path +
                              "' is no calibration set; expected a .npz file, a .npy "
                              "file or a folder");
}

const Signature &CalibrationSet::onlyInput(const std::string &what) const {
  if (inputs.size() != 1)
    throw Failure(kUsage,
                  what + " holds one array, but the model has " + std::to_string(inputs.size()) +
                      " inputs: use .npz files with an array for each; " + listInputs(inputs));
  return inputs.front();
}

void CalibrationSet::check(const std::string &what, std::map<std::string, Array> &arrays) const {
  for (const auto &[name, array] : arrays)
    if (std::none_of(inputs.begin(), inputs.end(),
                     [&](const Signature &input) { return input.name == name; }))
      throw Failure(kUsage,
                    what + " holds '" + name + "', which is no input; " + listInputs(inputs));
  for (const Signature &input : inputs) {
    auto found = arrays.find(input.name);
    if (found == arrays.end())
      throw Failure(kUsage,
                    what + " does not hold input '" + input.name + "'; " + listInputs(inputs));
    if (!takeAs(found->second, input.dtype))
      throw Failure(kUsage, what + " holds " + contentsText(found->second) + " for input '" +
                                input.name + "', which is " + input.text() +
                                ": convert it with astype");
  }
}

void CalibrationSet::openArrays(const std::string &path, std::map<std::string, Array> arrays) {
  std::string what = "'" + path + "'";
  check(what, arrays);
  bool isFirst = true;
  for (const Signature &input : inputs) {
    Array &array = arrays[input.name];
    std::vector<int64_t> one = input.dims;
    // Either the samples lie along the batch, or they have a dim of their own before it.
    bool isBatch = !one.empty() && array.dims.size() == one.size();
    int64_t batch = isBatch ? std::max<int64_t>(one[0], 1) : 1;
    if (!isBatch)
      one.insert(one.begin(), -1);
    if (!fits(array.dims, one, 1) || array.dims.empty())
      throw Failure(kUsage, what + " holds " + typeText(array.dtype, array.dims) + " for input '" +
                                input.name + "', which is " + input.text() +
                                "; expected the same dims, the first one the number of samples");
    if (input.dims.size() > 0 && input.dims[0] == 0)
      throw Failure(kUsage, "input '" + input.name + "' takes no samples: it is " + input.text());
    if (array.dims[0] % batch != 0)
      throw Failure(kUsage, what + " holds " + std::to_string(array.dims[0]) +
                                " samples for input '" + input.name + "', which takes " +
                                std::to_string(batch) + " at a time; expected a multiple");
    auto count = static_cast<size_t>(array.dims[0] / batch);
    if (!isFirst && count != samples)
      throw Failure(kUsage, what + " holds " + std::to_string(count) + " samples of input '" +
                                input.name + "', and " + std::to_string(samples) +
                                " of the inputs before it");
    samples = count;
    isFirst = false;
  }
  if (samples == 0)
    throw Failure(kUsage, what + " holds no samples; " + listInputs(inputs));
  rows = std::move(arrays);
}

void CalibrationSet::openFolder(const std::string &path) {
  std::vector<std::string> found[3];
  std::error_code failure;
  for (const auto &entry : std::filesystem::directory_iterator(path, failure)) {
    std::string name = entry.path().filename().string();
    if (entry.is_directory() && name.starts_with("test_data_set_"))
      found[2].push_back(entry.path().string());
    else if (name.ends_with(".npz"))
      found[0].push_back(entry.path().string());
    else if (name.ends_with(".npy"))
      found[1].push_back(entry.path().string());
  }
  if (failure)
    throw Failure(kUsage, "cannot read the folder '" + path + "': " + failure.message());
  constexpr Kind kKinds[] = {Kind::Npz, Kind::Npy, Kind::TestData};
  for (size_t i = 0; i < std::size(kKinds); ++i) {
    if (found[i].empty())
      continue;
    if (!files.empty())
      throw Failure(kUsage, "'" + path +
                                "' mixes kinds of samples; expected only .npz files, "
                                "only .npy files or only test_data_set_* folders");
    kind = kKinds[i];
    files = found[i];
  }
  if (files.empty())
    throw Failure(kUsage, "'" + path +
                              "' holds no samples; expected .npz files with an array for "
                              "each input, .npy files or test_data_set_* folders");
  // By number, so that what a limit keeps is not 0, 1, 10, 11, ...
  std::sort(files.begin(), files.end(), [](const std::string &a, const std::string &b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  if (kind == Kind::Npy)
    onlyInput("a .npy file");
  samples = files.size();
  sample(0);
}

std::map<std::string, Array> CalibrationSet::sample(size_t index) const {
  std::map<std::string, Array> result;
  if (kind == Kind::Rows) {
    for (const Signature &input : inputs) {
      const Array &all = rows.at(input.name);
      Array &one = result[input.name];
      one.dtype = all.dtype;
      one.dims.assign(all.dims.begin() + (all.dims.size() > input.dims.size()), all.dims.end());
      if (all.dims.size() == input.dims.size())
        one.dims[0] = std::max<int64_t>(input.dims[0], 1);
      uint64_t bytes = 0;
      support::tensorBytes(one.dims.data(), one.dims.size(), one.type().bytes, bytes);
      auto begin = all.data.begin() + static_cast<ptrdiff_t>(index * bytes);
      one.data.assign(begin, begin + static_cast<ptrdiff_t>(bytes));
    }
    return result;
  }
  const std::string &file = files[index];
  std::string what = "'" + file + "'";
  if (kind == Kind::TestData)
    result = TestData::loadInputs(file, inputs);
  else if (kind == Kind::Npz)
    result = decodeNpz(readFile(file), what);
  else
    result[inputs.front().name] = decodeNpy(readFile(file), what);
  check(what, result);
  for (const Signature &input : inputs) {
    Array &array = result[input.name];
    // A picture need not say that it is a batch of one.
    if (array.dims.size() + 1 == input.dims.size() && (input.dims[0] == 1 || input.dims[0] < 0))
      array.dims.insert(array.dims.begin(), 1);
    if (!fits(array.dims, input.dims))
      throw Failure(kUsage, what + " holds " + typeText(array.dtype, array.dims) + " for input '" +
                                input.name + "', which is " + input.text());
  }
  return result;
}
