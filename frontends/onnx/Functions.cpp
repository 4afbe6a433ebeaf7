// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Functions.h"

#include "frontends/onnx/onnx-ml.pb.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"

namespace pebble::onnx {

using Actuals = llvm::StringMap<const proto::AttributeProto *>;

static bool refersToAttributes(const proto::NodeProto &node) {
  return llvm::any_of(node.attribute(), [](const proto::AttributeProto &attribute) {
    return !attribute.ref_attr_name().empty() ||
           llvm::any_of(attribute.g().node(), refersToAttributes);
  });
}

static void substitute(proto::NodeProto &node, const Actuals &actuals) {
  proto::NodeProto original = node;
  node.clear_attribute();
  for (proto::AttributeProto &attribute : *original.mutable_attribute()) {
    if (attribute.ref_attr_name().empty()) {
      for (proto::NodeProto &inner : *attribute.mutable_g()->mutable_node())
        substitute(inner, actuals);
      if (attribute.type() != proto::AttributeProto::GRAPH)
        attribute.clear_g();
      node.add_attribute()->Swap(&attribute);
      continue;
    }
    // An attribute that the call leaves out is left out in the body, too.
    if (const proto::AttributeProto *actual = actuals.lookup(attribute.ref_attr_name())) {
      proto::AttributeProto *bound = node.add_attribute();
      *bound = *actual;
      bound->set_name(attribute.name());
    }
  }
}

FunctionBody bindAttributes(const proto::FunctionProto &function, const proto::NodeProto &call) {
  FunctionBody body;
  if (llvm::none_of(function.node(), refersToAttributes)) {
    for (const proto::NodeProto &node : function.node())
      body.nodes.push_back(&node);
    return body;
  }
  Actuals actuals;
  for (const proto::AttributeProto &attribute : function.attribute_proto())
    actuals[attribute.name()] = &attribute;
  for (const proto::AttributeProto &attribute : call.attribute())
    actuals[attribute.name()] = &attribute;
  auto copy = std::make_shared<proto::FunctionProto>(function);
  for (proto::NodeProto &node : *copy->mutable_node()) {
    substitute(node, actuals);
    body.nodes.push_back(&node);
  }
  body.owner = copy;
  return body;
}

} // namespace pebble::onnx
