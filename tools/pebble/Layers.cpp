// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/pebble/Layers.h"

#include "tools/pebble/Model.h"

#include <algorithm>
#include <chrono>

using namespace pebble::cli;

namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t kLeastRuns = 5;

double secondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Adds the time between two calls to the kernel that the first one announced.
class Listener {
public:
  void expect(size_t kernels) {
    seconds.assign(kernels, 0);
    calls.assign(kernels, 0);
    current = -1;
  }
  void hear(int32_t kernel) {
    Clock::time_point now = Clock::now();
    if (current >= 0)
      seconds[current] += std::chrono::duration<double>(now - begin).count();
    current = kernel;
    begin = now;
    if (kernel >= 0)
      ++calls[kernel];
  }

  std::vector<double> seconds; ///< Of one run, by kernel.
  std::vector<int> calls;

private:
  int32_t current = -1;
  Clock::time_point begin;
};

double median(std::vector<double> values) {
  auto middle = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

} // namespace

std::vector<LayerTime> pebble::cli::measureLayers(const std::string &path, int threads,
                                                  const std::vector<Array> &inputs,
                                                  double seconds) {
  Listener listener;
  Model model(path, threads, /*board=*/"", [&](int32_t kernel) { listener.hear(kernel); });
  std::vector<std::string> kernels = model.kernels();
  if (kernels.empty())
    return {};
  model.bind(inputs);
  listener.expect(kernels.size());
  model.run(); // Memory is touched for the first time here.
  std::vector<std::vector<double>> times(kernels.size());
  Clock::time_point begin = Clock::now();
  while (times.front().size() < kLeastRuns || secondsSince(begin) < seconds) {
    listener.expect(kernels.size());
    model.run();
    listener.hear(-1);
    for (size_t index = 0; index < kernels.size(); ++index)
      times[index].push_back(listener.seconds[index]);
  }
  std::vector<LayerTime> layers;
  for (size_t index = 0; index < kernels.size(); ++index)
    layers.push_back({kernels[index], listener.calls[index], median(times[index])});
  std::sort(layers.begin(), layers.end(), [](const LayerTime &a, const LayerTime &b) {
    return a.median != b.median ? a.median > b.median : a.kernel < b.kernel;
  });
  return layers;
}
