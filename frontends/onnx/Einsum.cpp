// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Einsum.h"

#include "frontends/onnx/Compose.h"
#include "frontends/onnx/Shapes.h"

#include "llvm/ADT/StringExtras.h"

#include <map>

using namespace mlir;

namespace pebble::onnx {

namespace {

/// One character a dim: a letter, or for the dims under an ellipsis '\1', '\2', ... counted from
/// the last one, so that those of different terms line up as broadcasting asks.
using Labels = std::string;

struct Term {
  Value value;
  Labels labels;
};

struct Equation {
  std::vector<std::string> inputs;
  std::optional<std::string> output;
};

std::optional<Equation> parse(NodeImporter &node) {
  std::string text = node.stringAttr("equation", "");
  llvm::erase(text, ' ');
  Equation equation;
  StringRef left = text;
  if (size_t arrow = left.find("->"); arrow != StringRef::npos) {
    equation.output = left.substr(arrow + 2).str();
    left = left.substr(0, arrow);
  }
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  for (StringRef term : terms)
    equation.inputs.push_back(term.str());
  if (equation.inputs.size() == node.numInputs())
    return equation;
  (void)node.invalid("equation '" + text + "' has " + Twine(equation.inputs.size()) +
                     " terms for " + Twine(node.numInputs()) + " inputs");
  return std::nullopt;
}

/// Replaces an ellipsis by labels for `hidden` dims. Nothing, and reported, for other characters.
std::optional<Labels> expand(NodeImporter &node, StringRef term, int64_t hidden) {
  Labels labels;
  for (size_t i = 0; i < term.size(); ++i) {
    if (llvm::isAlpha(term[i])) {
      labels.push_back(term[i]);
    } else if (term.substr(i).starts_with("...")) {
      for (int64_t dim = hidden; dim > 0; --dim)
        labels.push_back(static_cast<char>(dim));
      i += 2;
    } else {
      (void)node.invalid("term '" + term + "' of the equation holds '" + Twine(term[i]) +
                         "'; expected letters and '...'");
      return std::nullopt;
    }
  }
  return labels;
}

int64_t placeOf(const Labels &labels, char label) {
  size_t place = labels.find(label);
  return place == Labels::npos ? -1 : static_cast<int64_t>(place);
}

Labels intersect(const Labels &a, const Labels &b) {
  Labels result;
  llvm::copy_if(a, std::back_inserter(result), [&](char c) { return placeOf(b, c) >= 0; });
  return result;
}
Labels subtract(const Labels &a, const Labels &b) {
  Labels result;
  llvm::copy_if(a, std::back_inserter(result), [&](char c) { return placeOf(b, c) < 0; });
  return result;
}

class Einsum {
public:
  explicit Einsum(NodeImporter &node) : node(node) {}

  Value run();

private:
  std::optional<Term> makeTerm(StringRef text, Value value);
  Term diagonal(Term term);
  Term sumOut(Term term, const Labels &keep);
  Term order(Term term, const Labels &labels);
  Term combine(Term a, Term b, const Labels &later);
  Term multiply(const Term &a, const Term &b);
  Term contract(const Term &a, const Term &b, const Labels &contracted);
  Value sizes(const Term &term, const Labels &labels);

  NodeImporter &node;
};

std::optional<Term> Einsum::makeTerm(StringRef text, Value value) {
  int64_t rank = NodeImporter::rank(value);
  bool hasEllipsis = text.contains("...");
  int64_t named = static_cast<int64_t>(text.size()) - (hasEllipsis ? 3 : 0);
  int64_t hidden = hasEllipsis ? rank - named : 0;
  constexpr int64_t maxHidden = 31; // Labels of hidden dims stay below the letters.
  std::optional<Labels> labels;
  if (hidden >= 0 && hidden <= maxHidden)
    labels = expand(node, text, hidden);
  if (node.failed())
    return std::nullopt;
  if (!labels || static_cast<int64_t>(labels->size()) != rank) {
    (void)node.invalid("term '" + text + "' of the equation does not name the " + Twine(rank) +
                       " dims of its input");
    return std::nullopt;
  }
  return diagonal({value, *labels});
}

/// Reduces labels that occur twice to one dim: the diagonal of the two.
Term Einsum::diagonal(Term term) {
  for (size_t i = 0; i < term.labels.size(); ++i) {
    size_t again = term.labels.find(term.labels[i], i + 1);
    if (again == Labels::npos)
      continue;
    // With the two dims last and merged, the diagonal is every (n + 1)-th element.
    SmallVector<int64_t> permutation;
    Labels rest;
    for (size_t j = 0; j < term.labels.size(); ++j)
      if (j != i && j != again) {
        permutation.push_back(static_cast<int64_t>(j));
        rest.push_back(term.labels[j]);
      }
    permutation.append({static_cast<int64_t>(i), static_cast<int64_t>(again)});
    Value last = node.transpose(term.value, permutation);
    auto axis = static_cast<int64_t>(rest.size());
    Value size = node.dim(last, axis);
    Value merged = node.reshape(
        last, node.concat({dimsBetween(node, last, 0, axis), node.mul(size, size)}, 0));
    Value step = node.add(size, node.ints({1}));
    Value picked = node.create<nn::SliceOp>(merged, node.ints({0}), node.ints({INT64_MAX}),
                                            node.ints({axis}), step);
    rest.push_back(term.labels[i]);
    return diagonal({picked, rest});
  }
  return term;
}

Term Einsum::sumOut(Term term, const Labels &keep) {
  SmallVector<int64_t> axes;
  for (auto [axis, label] : llvm::enumerate(term.labels))
    if (placeOf(keep, label) < 0)
      axes.push_back(static_cast<int64_t>(axis));
  if (axes.empty())
    return term;
  Value sum = node.create<nn::ReduceSumOp>(term.value, node.ints(axes), /*keepdims=*/false);
  return {sum, intersect(term.labels, keep)};
}

/// Transposes to the order of `labels`; those that the term lacks become dims of 1.
Term Einsum::order(Term term, const Labels &labels) {
  SmallVector<int64_t> permutation, added;
  for (auto [place, label] : llvm::enumerate(labels)) {
    int64_t source = placeOf(term.labels, label);
    if (source < 0)
      added.push_back(static_cast<int64_t>(place));
    else
      permutation.push_back(source);
  }
  return {node.unsqueeze(node.transpose(term.value, permutation), added), labels};
}

Value Einsum::sizes(const Term &term, const Labels &labels) {
  SmallVector<Value> dims;
  for (char label : labels)
    dims.push_back(node.dim(term.value, placeOf(term.labels, label)));
  return dims.empty() ? node.ints({}) : node.concat(dims, 0);
}

Term Einsum::multiply(const Term &a, const Term &b) {
  Labels all = a.labels + subtract(b.labels, a.labels);
  return {node.mul(order(a, all).value, order(b, all).value), all};
}

Term Einsum::contract(const Term &a, const Term &b, const Labels &contracted) {
  Labels batch = subtract(intersect(a.labels, b.labels), contracted);
  Labels rows = subtract(a.labels, b.labels), columns = subtract(b.labels, a.labels);
  auto rank = static_cast<int64_t>(batch.size());
  auto matrix = [&](const Term &term, const Labels &first, const Labels &second) {
    Term ordered = order(term, batch + first + second);
    auto middle = rank + static_cast<int64_t>(first.size());
    Value value = ordered.value;
    return node.reshape(
        value,
        node.concat({dimsBetween(node, value, 0, rank), productBetween(node, value, rank, middle),
                     productBetween(node, value, middle, NodeImporter::rank(value))},
                    0));
  };
  Value product =
      node.create<nn::MatMulOp>(matrix(a, rows, contracted), matrix(b, contracted, columns));
  if (!product)
    return {};
  Value shape =
      node.concat({dimsBetween(node, product, 0, rank), sizes(a, rows), sizes(b, columns)}, 0);
  return {node.reshape(product, shape), batch + rows + columns};
}

Term Einsum::combine(Term a, Term b, const Labels &later) {
  a = sumOut(a, later + b.labels);
  b = sumOut(b, later + a.labels);
  Labels contracted = subtract(intersect(a.labels, b.labels), later);
  // Hidden dims broadcast, so that a size of 1 may meet another one: no matrix product does that.
  bool isHidden = llvm::any_of(contracted, [](char label) { return !llvm::isAlpha(label); });
  if (contracted.empty() || isHidden)
    return sumOut(multiply(a, b), later);
  return contract(a, b, contracted);
}

Value Einsum::run() {
  std::optional<Equation> equation = parse(node);
  if (!equation)
    return {};
  std::vector<Term> terms;
  Labels hidden;
  std::map<char, int> uses;
  for (auto [index, text] : llvm::enumerate(equation->inputs)) {
    std::optional<Term> term = makeTerm(text, node.input(index));
    if (!term || node.failed())
      return {};
    Labels own;
    for (char label : term->labels)
      if (!llvm::isAlpha(label))
        own.push_back(label);
    if (own.size() > hidden.size())
      hidden = own;
    for (char label : text)
      if (llvm::isAlpha(label))
        ++uses[label];
    terms.push_back(*term);
  }
  Labels result = hidden;
  if (equation->output) {
    auto expanded = expand(node, *equation->output, static_cast<int64_t>(hidden.size()));
    if (!expanded)
      return {};
    result = *expanded;
  } else {
    // Without an output term, the labels that occur once are kept, in alphabetical order.
    for (auto [label, count] : uses)
      if (count == 1)
        result.push_back(label);
  }
  Labels known = hidden;
  for (auto [label, count] : uses)
    known.push_back(label);
  for (size_t i = 0; i < result.size(); ++i)
    if (placeOf(known, result[i]) < 0 || result.find(result[i], i + 1) != Labels::npos) {
      (void)node.invalid("the output term names a dim twice or one that no input has");
      return {};
    }
  Term total = terms.front();
  for (size_t i = 1; i < terms.size(); ++i) {
    Labels later = result;
    for (const Term &term : llvm::drop_begin(terms, i + 1))
      later += term.labels;
    total = combine(total, terms[i], later);
    if (node.failed())
      return {};
  }
  return order(sumOut(total, result), result).value;
}

} // namespace

LogicalResult importEinsum(NodeImporter &node) {
  node.setOutput(0, Einsum(node).run());
  return success();
}

} // namespace pebble::onnx
