#include "reference/controllers/framework/ownership.h"

#include "reference/api/codec/json.h"

namespace plumb::controllers {

namespace {

Result<api::SelectorOperator> operator_of(std::string_view name) {
  if (name == metav1::LabelSelectorOpIn) return api::SelectorOperator::in;
  if (name == metav1::LabelSelectorOpNotIn) return api::SelectorOperator::not_in;
  if (name == metav1::LabelSelectorOpExists) return api::SelectorOperator::exists;
  if (name == metav1::LabelSelectorOpDoesNotExist) return api::SelectorOperator::does_not_exist;
  return fail(Code::invalid_argument, "\"" + std::string(name) + "\" is not a valid label selector operator");
}

std::string quoted(std::string_view text) {
  std::string out;
  api::append_json_string(text, out);
  return out;
}

}  // namespace

Result<api::LabelSelector> selector_of(const metav1::LabelSelector* selector) {
  if (!selector) return api::LabelSelector::nothing();
  std::vector<api::LabelRequirement> requirements;
  for (const auto& [key, value] : selector->matchLabels)
    requirements.push_back(PLUMB_TRY(api::LabelRequirement::make(key.str(), api::SelectorOperator::in, {value.str()})));
  for (const metav1::LabelSelectorRequirement& expression : selector->matchExpressions) {
    const api::SelectorOperator op = PLUMB_TRY(operator_of(expression.operator_));
    std::vector<std::string> values;
    for (const api::Str& value : expression.values) values.push_back(value.str());
    requirements.push_back(PLUMB_TRY(api::LabelRequirement::make(expression.key.str(), op, std::move(values))));
  }
  return api::LabelSelector(std::move(requirements));
}

bool matches(const api::LabelSelector& selector, const api::Map<api::Str>& labels) {
  return selector.matches([&](std::string_view key) -> std::optional<std::string_view> {
    const api::Str* found = labels.find(key);
    return found ? std::optional(found->view()) : std::nullopt;
  });
}

metav1::OwnerReference controller_reference(const api::Object& owner) {
  metav1::OwnerReference reference;
  reference.apiVersion = api::api_version(owner.type());
  reference.kind = owner.type().name;
  reference.name = owner.metadata.name;
  reference.uid = owner.metadata.uid;
  reference.controller = true;
  reference.blockOwnerDeletion = true;
  return reference;
}

Claim claim(const api::Object& owner, const api::LabelSelector& selector, const api::Object& candidate) {
  const metav1::OwnerReference* reference = informer::controller_ref(candidate);
  if (reference && reference->uid != owner.metadata.uid) return Claim::ignore;
  const bool selected = matches(selector, candidate.metadata.labels);
  if (reference) {
    if (selected) return Claim::keep;
    return owner.metadata.deletionTimestamp ? Claim::ignore : Claim::release;
  }
  const bool deleting = owner.metadata.deletionTimestamp || candidate.metadata.deletionTimestamp;
  return selected && !deleting ? Claim::adopt : Claim::ignore;
}

namespace {

Action patch_metadata(const api::Object& object, const std::string& fields) {
  Action action;
  action.request = informer::patch_request(informer::resource_of(object.type()), object.metadata.namespace_, object.metadata.name,
                                           informer::PatchType::strategic, "{\"metadata\":{" + fields + ",\"uid\":" + quoted(object.metadata.uid) + "}}");
  return action;
}

}  // namespace

Action adopt(const api::Object& owner, const api::Object& object, std::string_view finalizer) {
  std::string fields = "\"ownerReferences\":[" + api::to_json(controller_reference(owner)) + "]";
  if (!finalizer.empty()) fields += ",\"finalizers\":[" + quoted(finalizer) + "]";
  Action action = patch_metadata(object, fields);
  action.accept = {"NotFound"};
  return action;
}

Action release(const api::Object& owner, const api::Object& object, std::string_view finalizer) {
  std::string fields = "\"ownerReferences\":[{\"$patch\":\"delete\",\"uid\":" + quoted(owner.metadata.uid) + "}]";
  if (!finalizer.empty()) fields += ",\"$deleteFromPrimitiveList/finalizers\":[" + quoted(finalizer) + "]";
  Action action = patch_metadata(object, fields);
  // Gone, or no longer owned: nothing is left to release.
  action.accept = {"NotFound", "Invalid"};
  return action;
}

}  // namespace plumb::controllers
