// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/package/Validate.h"

#include "runtime/support/DType.h"

#include <algorithm>
#include <unordered_set>

using namespace pebble::package;

/// Names end up in messages and JSON, and symbols in C strings, so an embedded NUL or a control
/// character has no business in them.
static bool isPrintable(const std::string &text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

static bool validateTensor(const TensorSpec &tensor, const std::string &what, std::string &error) {
  const pebble::support::DTypeInfo *type = pebble::support::findDType(tensor.dtype);
  if (!isPrintable(tensor.name)) {
    error = what + " has control characters in its name";
    return false;
  }
  if (!type) {
    error = what + " '" + tensor.name + "' has the unknown element type " +
            std::to_string(tensor.dtype);
    return false;
  }
  if (tensor.dims.size() > kMaxRank) {
    error = what + " '" + tensor.name + "' has rank " + std::to_string(tensor.dims.size()) +
            ", more than " + std::to_string(kMaxRank);
    return false;
  }
  if (tensor.dimNames.size() != tensor.dims.size()) {
    error = what + " '" + tensor.name + "' has " + std::to_string(tensor.dims.size()) +
            " dims but " + std::to_string(tensor.dimNames.size()) + " dim names";
    return false;
  }
  std::vector<int64_t> known;
  for (int64_t dim : tensor.dims) {
    if (dim < kDynamic) {
      error = what + " '" + tensor.name + "' has the dim " + std::to_string(dim);
      return false;
    }
    if (dim >= 0)
      known.push_back(dim);
  }
  for (const std::string &name : tensor.dimNames) {
    if (!isPrintable(name)) {
      error = what + " '" + tensor.name + "' has control characters in the name of a dim";
      return false;
    }
  }
  uint64_t bytes;
  if (!pebble::support::tensorBytes(known.data(), known.size(), type->bytes, bytes)) {
    error = what + " '" + tensor.name + "' is larger than the address space";
    return false;
  }
  return true;
}

static bool validateTensors(const std::vector<TensorSpec> &tensors, const char *what,
                            std::string &error) {
  std::unordered_set<std::string> names;
  for (size_t index = 0; index < tensors.size(); ++index) {
    if (!validateTensor(tensors[index], std::string(what) + " " + std::to_string(index), error))
      return false;
    if (!names.insert(tensors[index].name).second) {
      error = std::string("two ") + what + "s are named '" + tensors[index].name + "'";
      return false;
    }
  }
  return true;
}

/// The regions that the arena consists of.
static bool validateRegions(const Manifest &manifest, std::string &error) {
  uint64_t left = manifest.arenaBytes;
  for (const RegionSpec &region : manifest.regions) {
    if (region.name.empty() || !isPrintable(region.name) || region.capacity < kDynamic) {
      error = "a memory region has an unreadable name or the capacity " +
              std::to_string(region.capacity);
      return false;
    }
    if (region.bytes > left) {
      error = "the memory regions are larger than the arena of " +
              std::to_string(manifest.arenaBytes) + " bytes";
      return false;
    }
    left -= region.bytes;
  }
  if (!manifest.regions.empty() && (left != 0 || !manifest.plan.empty())) {
    error = "the memory regions are not all of the arena";
    return false;
  }
  return true;
}

static bool validateMemory(const Manifest &manifest, std::string &error) {
  for (const StepSpec &step : manifest.steps)
    if (!isPrintable(step.name) || step.kernel < StepSpec::kNoKernel ||
        step.kernel >= static_cast<int64_t>(manifest.kernels.size())) {
      error = "a step has an unreadable name or launches kernel " + std::to_string(step.kernel) +
              " of " + std::to_string(manifest.kernels.size());
      return false;
    }
  for (const SlotSpec &slot : manifest.slots) {
    if (!isPrintable(slot.name) || slot.first > slot.last || slot.last >= manifest.steps.size()) {
      error = "a slot has an unreadable name or lives from step " + std::to_string(slot.first) +
              " to " + std::to_string(slot.last) + " of " + std::to_string(manifest.steps.size());
      return false;
    }
    const uint64_t bytes =
        slot.region < manifest.regionCount() ? manifest.regionBytes(slot.region) : 0;
    if (slot.region >= manifest.regionCount() || slot.offset > bytes ||
        slot.bytes > bytes - slot.offset) {
      error = "slot '" + slot.name + "' of " + std::to_string(slot.bytes) + " bytes at " +
              std::to_string(slot.offset) + " does not lie in the arena";
      return false;
    }
  }
  return true;
}

bool pebble::package::validate(const Manifest &manifest, std::string &error) {
  const std::pair<const char *, const std::string &> texts[] = {
      {"tool version", manifest.toolVersion},
      {"model name", manifest.modelName},
      {"target", manifest.target},
      {"triple", manifest.triple},
      {"cpu", manifest.cpu},
      {"entry symbol", manifest.entry},
      {"plan symbol", manifest.plan},
  };
  for (const auto &[what, text] : texts) {
    if (!isPrintable(text)) {
      error = std::string("the ") + what + " holds control characters";
      return false;
    }
  }
  const std::pair<const char *, const std::vector<std::string> &> lists[] = {
      {"flag", manifest.flags}, {"cpu feature", manifest.cpuFeatures}};
  for (const auto &[what, list] : lists) {
    if (!std::all_of(list.begin(), list.end(), isPrintable)) {
      error = std::string("a ") + what + " holds control characters";
      return false;
    }
  }
  if (manifest.target.empty()) {
    error = "the target has no name";
    return false;
  }
  if (manifest.arenaBytes > kMaxArenaBytes) {
    error = "the arena of " + std::to_string(manifest.arenaBytes) +
            " bytes is larger than the address space";
    return false;
  }
  if (manifest.planBytes > manifest.arenaBytes ||
      (!manifest.plan.empty() && manifest.planBytes < sizeof(int64_t))) {
    error = "a plan of " + std::to_string(manifest.planBytes) +
            " bytes does not hold the arena's size or does not fit into the arena";
    return false;
  }
  for (const KernelSpec &kernel : manifest.kernels) {
    if (!isPrintable(kernel.symbol) ||
        !std::all_of(kernel.nodes.begin(), kernel.nodes.end(), isPrintable)) {
      error = "a kernel's names hold control characters";
      return false;
    }
    for (const std::vector<Traffic> *moved : {&kernel.reads, &kernel.writes})
      if (!std::all_of(moved->begin(), moved->end(), [](const Traffic &one) {
            return one.bytes >= kDynamic && isPrintable(one.expression);
          })) {
        error = "kernel '" + kernel.symbol + "' reads or writes what is no number of bytes";
        return false;
      }
  }
  return validateRegions(manifest, error) && validateMemory(manifest, error) &&
         validateTensors(manifest.inputs, "input", error) &&
         validateTensors(manifest.outputs, "output", error);
}

bool pebble::package::validate(const std::vector<SectionView> &sections, uint64_t firstFree,
                               uint64_t fileBytes, std::string &error) {
  std::unordered_set<std::string> names;
  std::vector<const SectionView *> byOffset;
  for (const SectionView &section : sections) {
    if (section.name.empty() || !isPrintable(section.name)) {
      error = "a section has no readable name";
      return false;
    }
    if (!names.insert(section.name).second) {
      error = "two sections are named '" + section.name + "'";
      return false;
    }
    if (section.offset % kPageSize != 0) {
      error = "section '" + section.name + "' starts at " + std::to_string(section.offset) +
              ", which is not a multiple of " + std::to_string(kPageSize);
      return false;
    }
    if (section.offset > fileBytes || section.size > fileBytes - section.offset) {
      error = "section '" + section.name + "' (" + std::to_string(section.size) + " bytes at " +
              std::to_string(section.offset) + ") does not lie inside the file of " +
              std::to_string(fileBytes) + " bytes";
      return false;
    }
    byOffset.push_back(&section);
  }
  // An empty section may share its offset with the next one, so it sorts first.
  std::sort(byOffset.begin(), byOffset.end(), [](const SectionView *a, const SectionView *b) {
    return a->offset != b->offset ? a->offset < b->offset : a->size < b->size;
  });
  uint64_t end = firstFree;
  for (const SectionView *section : byOffset) {
    if (section->offset < end) {
      error = "section '" + section->name + "' at " + std::to_string(section->offset) +
              " overlaps what ends at " + std::to_string(end);
      return false;
    }
    end = section->offset + section->size;
  }
  return true;
}
