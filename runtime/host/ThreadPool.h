// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A session's threads. One loop runs at a time; nothing is allocated after construction.
#ifndef PEBBLE_RUNTIME_HOST_THREADPOOL_H
#define PEBBLE_RUNTIME_HOST_THREADPOOL_H

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace pebble::host {

class ThreadPool {
public:
  using Body = void (*)(void *closure, int64_t begin, int64_t end);

  /// `threads` counts the caller of parallelFor, so 1 makes no thread. Throws std::system_error.
  explicit ThreadPool(int threads);
  ~ThreadPool();

  /// Calls body over disjoint ranges that cover [0, count) and waits. A loop inside a loop runs on
  /// the thread that meets it.
  void parallelFor(int64_t count, Body body, void *closure);

private:
  void work();
  void runChunks();
  bool waitForLoop(uint64_t &seen, std::unique_lock<std::mutex> &lock);
  void stop();

  std::vector<std::thread> workers;
  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable idle;

  // The current loop; written under the mutex while `active` is 0 and `open` is false.
  Body body = nullptr;
  void *closure = nullptr;
  int64_t count = 0;
  int64_t chunk = 1;
  std::atomic<int64_t> next{0};
  bool open = false;                   ///< Workers may still join the loop.
  std::atomic<int> active{0};          ///< Workers inside the loop.
  std::atomic<uint64_t> generation{0}; ///< Loops started so far.
  std::atomic<bool> stopping{false};
};

} // namespace pebble::host

#endif // PEBBLE_RUNTIME_HOST_THREADPOOL_H
