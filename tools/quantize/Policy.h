// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How many bits each layer gets: the file that `pebble quantize --bits` reads (docs/quantize.md).
#ifndef PEBBLE_TOOLS_QUANTIZE_POLICY_H
#define PEBBLE_TOOLS_QUANTIZE_POLICY_H

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pebble::quantize {

constexpr int kPolicySchema = 1;

struct Bits {
  int weights = 8;
  int activations = 8;   ///< Of what the layer reads.
  bool isInteger = true; ///< False for a layer that stays in float.
};

class Policy {
public:
  /// Reads the text of a policy file. What is wrong with it is appended to `problems`.
  static Policy parse(std::string_view text, std::vector<std::string> &problems);

  Bits bitsOf(const std::string &layer) const;
  const Bits &defaults() const { return byDefault; }

  /// Appends a problem for each layer in the file that is none of `known`, whose values say whether
  /// they have weights.
  void check(const std::map<std::string, bool> &known, std::vector<std::string> &problems) const;

private:
  struct Entry {
    Bits bits;
    bool namesWeights = false;
  };
  Bits byDefault;
  std::map<std::string, Entry> layers;
};

/// The text of a policy that gives every layer its bits. The values say whether a layer has
/// weights.
std::string writePolicy(const Policy &policy,
                        const std::vector<std::pair<std::string, bool>> &layers);

} // namespace pebble::quantize

#endif // PEBBLE_TOOLS_QUANTIZE_POLICY_H
