// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/order/Recompute.h"

#include <algorithm>
#include <numeric>
#include <queue>
#include <set>
#include <tuple>

using namespace pebble::order;

namespace {

/// Sets of run nodes in one search for an order.
constexpr int64_t kSearchSteps = 500;
/// Of the ways to lower a peak, those for which such a search is worth its time.
constexpr size_t kSearched = 12;
/// States that are followed at once, and runs that are added in vain before the search ends.
constexpr size_t kBeam = 4;
constexpr int kPatience = 3;
/// Copies in a row behind one value.
constexpr int kLongestChain = 6;

/// Runs of the given nodes: at first each once. Each run knows whose results it reads.
struct Runs {
  std::vector<int> nodes;
  /// Of each run, for each tensor that its node reads, the run that made it; -1 for inputs.
  std::vector<std::vector<int>> makers;
};

/// How good an order is: places with the most bytes alive have to go one by one.
struct Score {
  int64_t peak = 0;
  int64_t places = 0;
  int64_t work = 0;

  bool operator<(const Score &other) const {
    return std::tie(peak, places, work) < std::tie(other.peak, other.places, other.work);
  }
};

struct State {
  Runs runs;
  Graph graph; ///< Of the runs.
  std::vector<int> tensors;
  std::vector<int> order;
  std::vector<int64_t> alive; ///< While each of `order` runs.
  Score score;
  int64_t products = 0;
};

/// The `most` best, the first among equals first.
void keepBest(std::vector<State> &states, size_t most) {
  std::vector<size_t> numbers(states.size());
  std::iota(numbers.begin(), numbers.end(), 0);
  std::sort(numbers.begin(), numbers.end(), [&](size_t a, size_t b) {
    const Score &x = states[a].score, &y = states[b].score;
    return x < y || (!(y < x) && a < b);
  });
  numbers.resize(std::min(numbers.size(), most));
  std::vector<State> best;
  for (size_t number : numbers)
    best.push_back(std::move(states[number]));
  states = std::move(best);
}

class Recomputer {
public:
  Recomputer(const Graph &given, const RecomputeOptions &options);

  std::vector<Recomputation> run();

private:
  /// Runs that are made again at a place, for readers that are there or come later.
  struct Move {
    std::vector<int> again; ///< In the order of the state.
    std::vector<int> readers;
    int place = 0;
    bool isForEach = false; ///< Each reader gets its own, right before it.
    bool isDelayed = false; ///< The reader comes to the place, too.

    auto key() const { return std::tie(again, readers, place, isForEach, isDelayed); }
    bool operator<(const Move &other) const { return key() < other.key(); }
  };

  void connect(State &state) const;
  void measure(State &state) const;
  void arrange(State &state, const std::vector<int64_t> &wanted) const;
  void search(State &state, int64_t mostSteps);
  std::set<Move> movesOf(const State &state) const;
  void repeat(const State &state, const std::vector<int> &places, const Tensor &tensor,
              std::set<Move> &moves) const;
  void delay(const State &state, const std::vector<int> &places, const Tensor &tensor,
             std::set<Move> &moves) const;
  std::vector<int> chainTo(const State &state, const std::vector<int> &places, int run, int place,
                           int length) const;
  State apply(const State &state, const Move &move) const;
  std::vector<State> improve(const std::vector<State> &states);
  State without(const State &state, int copy) const;
  State prune(State state);
  bool isAllowed(const State &state) const {
    return state.score.work <= options.mostWork && state.products <= options.mostProducts;
  }
  static std::vector<int> placesOf(const State &state);

  const Graph &given;
  const RecomputeOptions &options;
  std::vector<std::vector<int>> reads, makes; ///< Tensors of each given node.
  int64_t steps;
};

Recomputer::Recomputer(const Graph &given, const RecomputeOptions &options)
    : given(given), options(options), reads(given.nodes), makes(given.nodes), steps(options.steps) {
  for (size_t t = 0; t < given.tensors.size(); ++t) {
    const Tensor &tensor = given.tensors[t];
    if (tensor.producer >= 0)
      makes[tensor.producer].push_back(static_cast<int>(t));
    for (int consumer : std::set<int>(tensor.consumers.begin(), tensor.consumers.end()))
      reads[consumer].push_back(static_cast<int>(t));
  }
}

/// Makes the graph of the runs. The given nodes and tensors keep their numbers.
void Recomputer::connect(State &state) const {
  const Runs &runs = state.runs;
  Graph &graph = state.graph;
  graph = given;
  graph.nodes = static_cast<int>(runs.nodes.size());
  state.tensors.resize(given.tensors.size());
  std::iota(state.tensors.begin(), state.tensors.end(), 0);
  std::vector<std::vector<int>> made = makes;
  for (Tensor &tensor : graph.tensors)
    tensor.consumers.clear();
  for (int run = given.nodes; run < graph.nodes; ++run) {
    made.emplace_back();
    for (int t : makes[runs.nodes[run]]) {
      Tensor copy = graph.tensors[t];
      copy.producer = run;
      copy.isKept = false;
      made.back().push_back(static_cast<int>(graph.tensors.size()));
      graph.tensors.push_back(copy);
      state.tensors.push_back(t);
    }
    if (!given.scratch.empty())
      graph.scratch.push_back(given.scratch[runs.nodes[run]]);
  }
  for (int run = 0; run < graph.nodes; ++run) {
    const int node = runs.nodes[run];
    // What it reads of each given tensor.
    auto readOf = [&](int t) {
      size_t i = std::find(reads[node].begin(), reads[node].end(), t) - reads[node].begin();
      int maker = runs.makers[run][i];
      if (maker < 0)
        return t;
      const std::vector<int> &all = makes[runs.nodes[maker]];
      return made[maker][std::find(all.begin(), all.end(), t) - all.begin()];
    };
    for (int t : reads[node])
      graph.tensors[readOf(t)].consumers.push_back(run);
    for (int t : made[run])
      for (int &under : graph.tensors[t].over)
        under = readOf(under);
  }
  state.score.work = state.products = 0;
  for (int run = given.nodes; run < graph.nodes; ++run) {
    state.score.work += options.work[runs.nodes[run]];
    state.products += options.products.empty() ? 0 : options.products[runs.nodes[run]];
  }
}

void Recomputer::measure(State &state) const {
  state.alive = aliveBytes(state.graph, state.order);
  state.score.peak = peakOf(state.graph, state.order);
  state.score.places = std::count(state.alive.begin(), state.alive.end(), state.score.peak);
}

std::vector<int> Recomputer::placesOf(const State &state) {
  std::vector<int> places(state.graph.nodes, -1);
  for (size_t i = 0; i < state.order.size(); ++i)
    places[state.order[i]] = static_cast<int>(i);
  return places;
}

/// Orders the runs as wanted, as far as what they need allows.
void Recomputer::arrange(State &state, const std::vector<int64_t> &wanted) const {
  std::vector<std::vector<int>> after(state.graph.nodes);
  std::vector<int> waiting(state.graph.nodes, 0);
  auto precede = [&](int first, int second) {
    after[first].push_back(second);
    ++waiting[second];
  };
  for (const Tensor &tensor : state.graph.tensors)
    for (int consumer : tensor.consumers)
      if (tensor.producer >= 0)
        precede(tensor.producer, consumer);
  for (auto [first, second] : state.graph.edges)
    precede(first, second);
  std::priority_queue<std::pair<int64_t, int>, std::vector<std::pair<int64_t, int>>, std::greater<>>
      ready;
  for (int run = 0; run < state.graph.nodes; ++run)
    if (waiting[run] == 0)
      ready.push({wanted[run], run});
  state.order.clear();
  while (!ready.empty()) {
    int run = ready.top().second;
    ready.pop();
    state.order.push_back(run);
    for (int next : after[run])
      if (--waiting[next] == 0)
        ready.push({wanted[next], next});
  }
  measure(state);
}

/// Looks for an order that is better than the state's.
void Recomputer::search(State &state, int64_t mostSteps) {
  steps -= mostSteps;
  std::vector<int> places = placesOf(state);
  Graph renumbered = state.graph;
  for (Tensor &tensor : renumbered.tensors) {
    if (tensor.producer >= 0)
      tensor.producer = places[tensor.producer];
    for (int &consumer : tensor.consumers)
      consumer = places[consumer];
  }
  for (auto &[first, second] : renumbered.edges) {
    first = places[first];
    second = places[second];
  }
  if (!renumbered.scratch.empty())
    for (int run = 0; run < state.graph.nodes; ++run)
      renumbered.scratch[places[run]] = state.graph.scratch[run];
  Result result = orderNodes(renumbered, mostSteps);
  State other = state;
  for (size_t i = 0; i < other.order.size(); ++i)
    other.order[i] = state.order[result.order[i]];
  measure(other);
  if (other.score < state.score)
    state = std::move(other);
}

/// `run`, and up to `length` of what it and they read that is dead at `place`, in order.
std::vector<int> Recomputer::chainTo(const State &state, const std::vector<int> &places, int run,
                                     int place, int length) const {
  std::set<std::pair<int, int>> chain = {{places[run], run}};
  auto isDead = [&](const Tensor &tensor) {
    return !tensor.isKept &&
           std::none_of(tensor.consumers.begin(), tensor.consumers.end(),
                        [&](int user) { return user != run && places[user] >= place; });
  };
  std::vector<int> open = {run};
  for (size_t next = 0; next < open.size(); ++next) {
    std::vector<std::pair<int64_t, int>> dead; // The largest first.
    for (const Tensor &tensor : state.graph.tensors)
      if (tensor.producer >= 0 && options.work[state.runs.nodes[tensor.producer]] >= 0 &&
          std::count(tensor.consumers.begin(), tensor.consumers.end(), open[next]) &&
          isDead(tensor))
        dead.push_back({-tensor.bytes, tensor.producer});
    std::sort(dead.begin(), dead.end());
    for (auto [bytes, maker] : dead)
      if (static_cast<int>(chain.size()) <= length && chain.insert({places[maker], maker}).second)
        open.push_back(maker);
  }
  std::vector<int> runs;
  for (auto [at, member] : chain)
    runs.push_back(member);
  return runs;
}

/// Makes `tensor` again for readers from each one on that comes after a place with the most bytes
/// alive, where nobody reads it.
void Recomputer::repeat(const State &state, const std::vector<int> &places, const Tensor &tensor,
                        std::set<Move> &moves) const {
  if (tensor.isKept || options.work[state.runs.nodes[tensor.producer]] < 0)
    return;
  std::vector<std::pair<int, int>> users;
  for (int user : tensor.consumers)
    users.push_back({places[user], user});
  std::sort(users.begin(), users.end());
  for (size_t i = 1; i < users.size(); ++i) {
    auto begin = state.alive.begin() + users[i - 1].first + 1;
    auto end = state.alive.begin() + users[i].first;
    if (std::find(begin, end, state.score.peak) == end)
      continue;
    Move move;
    move.place = users[i].first;
    for (size_t j = i; j < users.size(); ++j)
      move.readers.push_back(users[j].second);
    for (int length = 0; length <= kLongestChain; ++length) {
      std::vector<int> again = chainTo(state, places, tensor.producer, move.place, length);
      if (again == move.again)
        break;
      move.again = again;
      for (bool isForEach : {false, true}) {
        move.isForEach = isForEach;
        moves.insert(move);
      }
    }
  }
}

/// Makes `tensor` after a place with the most bytes alive, where nobody has read it yet, and again
/// what it is made of.
void Recomputer::delay(const State &state, const std::vector<int> &places, const Tensor &tensor,
                       std::set<Move> &moves) const {
  int first = state.graph.nodes;
  for (int user : tensor.consumers)
    first = std::min(first, places[user]);
  auto end = state.alive.begin() + first;
  auto peak = std::find(state.alive.begin() + places[tensor.producer] + 1, end, state.score.peak);
  if (peak == end)
    return;
  Move move;
  move.isDelayed = true;
  move.place = first;
  move.readers = {tensor.producer};
  for (int length = 1; length <= kLongestChain; ++length) {
    std::vector<int> again = chainTo(state, places, tensor.producer, first, length);
    again.pop_back(); // The producer runs once.
    if (again == move.again)
      break;
    move.again = again;
    moves.insert(move);
  }
}

/// What could be made again so that less is alive where the most bytes are.
std::set<Recomputer::Move> Recomputer::movesOf(const State &state) const {
  std::vector<int> places = placesOf(state);
  std::set<Move> moves;
  for (const Tensor &tensor : state.graph.tensors)
    if (tensor.producer >= 0 && tensor.bytes > 0) {
      repeat(state, places, tensor, moves);
      delay(state, places, tensor, moves);
    }
  return moves;
}

State Recomputer::apply(const State &state, const Move &move) const {
  State next = state;
  Runs &runs = next.runs;
  std::vector<int> places = placesOf(state);
  constexpr int64_t apart = 64; // Room for copies between two places.
  std::vector<int64_t> wanted;
  for (int place : places)
    wanted.push_back(place * apart);
  for (size_t i = 0; i < (move.isForEach ? move.readers.size() : 1); ++i) {
    std::vector<std::pair<int, int>> copies; // From what they copy.
    auto replace = [&](int run) {
      for (int &maker : runs.makers[run])
        for (auto [from, to] : copies)
          if (maker == from) {
            maker = to;
            break;
          }
    };
    int64_t place = (move.isForEach ? places[move.readers[i]] : move.place) * apart - apart / 2;
    for (int run : move.again) {
      const int copy = static_cast<int>(runs.nodes.size());
      runs.nodes.push_back(runs.nodes[run]);
      runs.makers.push_back(std::vector<int>(runs.makers[run]));
      replace(copy);
      copies.push_back({run, copy});
      wanted.push_back(++place);
    }
    for (size_t j = i; j < (move.isForEach ? i + 1 : move.readers.size()); ++j)
      replace(move.readers[j]);
    if (move.isDelayed)
      wanted[move.readers[i]] = ++place;
  }
  connect(next);
  arrange(next, wanted);
  return next;
}

/// The best states that one more run leads to from any of `states`.
std::vector<State> Recomputer::improve(const std::vector<State> &states) {
  std::vector<State> tried;
  for (const State &state : states)
    for (const Move &move : movesOf(state)) {
      if (--steps < 0)
        break;
      State next = apply(state, move);
      if (isAllowed(next))
        tried.push_back(std::move(next));
    }
  keepBest(tried, kSearched);
  for (State &next : tried)
    if (steps > 0)
      search(next, kSearchSteps);
  keepBest(tried, kBeam);
  return tried;
}

/// The state where readers of `copy` read of the given node's run, and what nobody reads then is
/// gone.
State Recomputer::without(const State &state, int copy) const {
  State next = state;
  Runs &runs = next.runs;
  for (std::vector<int> &makers : runs.makers)
    for (int &maker : makers)
      maker = maker == copy ? runs.nodes[copy] : maker;
  std::vector<int64_t> wanted;
  for (int place : placesOf(state))
    wanted.push_back(place);
  for (bool changed = true; changed;) {
    changed = false;
    for (int run = static_cast<int>(runs.nodes.size()); run-- > given.nodes;) {
      if (std::any_of(runs.makers.begin(), runs.makers.end(), [&](const std::vector<int> &makers) {
            return std::count(makers.begin(), makers.end(), run) > 0;
          }))
        continue;
      runs.nodes.erase(runs.nodes.begin() + run);
      runs.makers.erase(runs.makers.begin() + run);
      wanted.erase(wanted.begin() + run);
      for (std::vector<int> &makers : runs.makers)
        for (int &maker : makers)
          maker -= maker > run;
      changed = true;
    }
  }
  connect(next);
  arrange(next, wanted);
  return next;
}

/// Drops the copies that the peak does not need.
State Recomputer::prune(State state) {
  for (int copy = state.graph.nodes - 1; copy >= given.nodes; --copy) {
    State next = without(state, copy);
    if (next.score.peak > state.score.peak && steps > 0)
      search(next, kSearchSteps);
    if (next.score.peak > state.score.peak)
      continue;
    state = std::move(next);
    copy = std::min(copy, state.graph.nodes);
  }
  return state;
}

std::vector<Recomputation> Recomputer::run() {
  State state;
  for (int node = 0; node < given.nodes; ++node) {
    state.runs.nodes.push_back(node);
    state.runs.makers.emplace_back();
    for (int t : reads[node])
      state.runs.makers.back().push_back(given.tensors[t].producer);
    state.order.push_back(node);
  }
  connect(state);
  measure(state);
  search(state, std::max<int64_t>(1, steps / 4));
  std::vector<Recomputation> found;
  Score best = state.score;
  // Other orders have their most bytes at other places, where there may be more to gain.
  std::vector<State> states = {state};
  for (std::vector<int> &order : simpleOrders(given)) {
    State other = state;
    other.order = std::move(order);
    measure(other);
    auto place = std::upper_bound(states.begin(), states.end(), other,
                                  [](const State &a, const State &b) { return a.score < b.score; });
    states.insert(place, std::move(other));
  }
  for (int left = kPatience; left > 0 && !states.empty(); --left) {
    if (found.empty() || states.front().score.peak < found.back().peak) {
      State pruned = prune(states.front());
      found.push_back({pruned.graph, pruned.order, pruned.runs.nodes, pruned.tensors,
                       pruned.score.peak, pruned.score.work, pruned.products});
    }
    states = steps > 0 ? improve(states) : std::vector<State>();
    if (!states.empty() && states.front().score < best) {
      best = states.front().score;
      left = kPatience + 1;
    }
  }
  return found;
}

} // namespace

std::vector<Recomputation> pebble::order::recompute(const Graph &given,
                                                    const RecomputeOptions &options) {
  return Recomputer(given, options).run();
}
