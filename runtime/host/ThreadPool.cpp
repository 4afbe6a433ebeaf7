// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/host/ThreadPool.h"

#include <algorithm>

using namespace pebble::host;

/// Polls before a thread goes to sleep: the next kernel's loop usually follows within microseconds,
/// and waking a sleeping thread takes longer than many kernels run.
static constexpr int kPolls = 2000;
/// Chunks for each thread of a loop, so that a thread that was interrupted does less.
static constexpr int64_t kChunksPerThread = 4;

static thread_local bool insideLoop = false;

static void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

ThreadPool::ThreadPool(int threads) {
  try {
    for (int index = 1; index < threads; ++index)
      workers.emplace_back([this] { work(); });
  } catch (...) {
    stop();
    throw;
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  wake.notify_all();
  for (std::thread &worker : workers)
    worker.join();
}

void ThreadPool::runChunks() {
  for (;;) {
    int64_t begin = next.fetch_add(chunk, std::memory_order_relaxed);
    if (begin >= count)
      return;
    body(closure, begin, std::min(begin + chunk, count));
  }
}

/// Returns with the lock held: true when there is a loop to join, false when the pool stops.
bool ThreadPool::waitForLoop(uint64_t &seen, std::unique_lock<std::mutex> &lock) {
  for (int poll = 0; poll < kPolls && generation == seen && !stopping; ++poll)
    relax();
  lock.lock();
  wake.wait(lock, [&] { return stopping || (open && generation != seen); });
  seen = generation;
  return !stopping;
}

void ThreadPool::work() {
  insideLoop = true;
  uint64_t seen = 0;
  std::unique_lock<std::mutex> lock(mutex, std::defer_lock);
  while (waitForLoop(seen, lock)) {
    ++active;
    lock.unlock();
    runChunks();
    lock.lock();
    bool last = --active == 0;
    lock.unlock();
    if (last)
      idle.notify_one();
  }
}

void ThreadPool::parallelFor(int64_t total, Body loopBody, void *loopClosure) {
  if (total <= 0)
    return;
  if (total == 1 || workers.empty() || insideLoop) {
    loopBody(loopClosure, 0, total);
    return;
  }
  {
    std::lock_guard<std::mutex> lock(mutex);
    body = loopBody;
    closure = loopClosure;
    count = total;
    auto shares = static_cast<int64_t>(workers.size() + 1) * kChunksPerThread;
    chunk = std::max<int64_t>(1, total / shares);
    next.store(0, std::memory_order_relaxed);
    open = true;
    ++generation;
  }
  wake.notify_all();
  insideLoop = true;
  runChunks();
  insideLoop = false;
  std::unique_lock<std::mutex> lock(mutex);
  // Nothing is left to take: a worker that wakes up now waits for the next loop.
  open = false;
  lock.unlock();
  for (int poll = 0; poll < kPolls && active != 0; ++poll)
    relax();
  lock.lock();
  idle.wait(lock, [&] { return active == 0; });
}
