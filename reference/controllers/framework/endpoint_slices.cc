#include "reference/controllers/framework/endpoint_slices.h"

#include <algorithm>

namespace plumb::controllers {
namespace {

using discoveryv1::EndpointSlice;
constexpr std::size_t longest_prefix = 253;

Action action(Request request) {
  Action made;
  made.request = std::move(request);
  return made;
}

}  // namespace

std::string service_of_slice(const EndpointSlice& slice, std::string_view manager) {
  if (slice.metadata.labels.get(managed_by_label) != manager) return {};
  const api::Str& service = slice.metadata.labels.get(service_name_label);
  return service.empty() ? std::string() : informer::object_key(slice.metadata.namespace_, service);
}

std::string slice_index(std::string_view manager) { return "service of " + std::string(manager); }

informer::Lister<EndpointSlice> watch_slices(Watches& watches, std::string_view manager) {
  watches.informer<EndpointSlice>().add_index(slice_index(manager), [manager](const api::Object& object, std::vector<std::string>& values) {
    if (std::string key = service_of_slice(static_cast<const EndpointSlice&>(object), manager); !key.empty()) values.push_back(std::move(key));
  });
  return watches.watch<EndpointSlice>([&watches, manager](const SlicePtr& before, const SlicePtr& after) {
    const std::string now = after ? service_of_slice(*after, manager) : "", then = before ? service_of_slice(*before, manager) : "";
    if (!before && !now.empty()) watches.expectations.creation_observed(now);
    if (!after && !then.empty()) watches.expectations.deletion_observed(then, informer::object_key(*before));
    if (!now.empty()) watches.queue.add(now);
    if (!then.empty() && then != now) watches.queue.add(then);
  });
}

std::string ports_key(const api::List<discoveryv1::EndpointPort>& ports) {
  std::vector<std::string> texts;
  for (const auto& port : ports)
    texts.push_back(port.name.value_or("").str() + "/" + port.protocol.value_or("").str() + "/" + std::to_string(port.port.value_or(-1)) + "/" +
                    port.appProtocol.value_or("").str());
  std::sort(texts.begin(), texts.end());
  std::string key;
  for (const std::string& text : texts) key += text + ";";
  return key;
}

std::string identity(const discoveryv1::Endpoint& endpoint) {
  std::vector<std::string> addresses;
  for (const api::Str& address : endpoint.addresses) addresses.push_back(address.str());
  std::sort(addresses.begin(), addresses.end());
  std::string key;
  for (const std::string& address : addresses) key += address + ",";
  key += "/" + endpoint.hostname.value_or("").str();
  if (endpoint.targetRef) key += "/" + endpoint.targetRef->namespace_.str() + "/" + endpoint.targetRef->name.str();
  return key;
}

bool same_state(const discoveryv1::Endpoint& a, const discoveryv1::Endpoint& b) {
  const auto target = [](const discoveryv1::Endpoint& endpoint) {
    corev1::ObjectReference reference = endpoint.targetRef ? *endpoint.targetRef : corev1::ObjectReference();
    reference.resourceVersion.reset();
    return reference;
  };
  return a.nodeName == b.nodeName && a.zone == b.zone && a.conditions == b.conditions && target(a) == target(b);
}

std::string slice_name_prefix(std::string_view service) { return std::string(service) + (service.size() < longest_prefix ? "-" : ""); }

void recycle(SliceChanges& changes, const std::function<bool(const EndpointSlice&)>& reusable) {
  std::erase_if(changes.remove, [&](const SlicePtr& old) {
    const auto made = std::find_if(changes.create.rbegin(), changes.create.rend(), [&](const NewSlice& slice) { return slice->addressType == old->addressType; });
    if (made == changes.create.rend() || !reusable(*old)) return false;
    const NewSlice slice = *made;
    changes.create.erase(std::next(made).base());
    slice->metadata.name = old->metadata.name;
    slice->metadata.uid = old->metadata.uid;
    slice->metadata.resourceVersion = old->metadata.resourceVersion;
    changes.update.push_back(slice);
    return true;
  });
}

Plan write(const SliceChanges& changes, const std::string& key, bool owner_is_going) {
  Plan plan;
  Stage stage;
  // Who expects nothing would wait for it.
  if ((!changes.create.empty() && !owner_is_going) || !changes.remove.empty()) stage.expect_for = key;
  for (const NewSlice& slice : changes.create)
    if (!owner_is_going) stage.actions.push_back(action(informer::create_request(slice)));
  for (const NewSlice& slice : changes.update) stage.actions.push_back(action(informer::update_request(slice)));
  for (const SlicePtr& slice : changes.remove) {
    stage.actions.push_back(action(informer::remove_request(informer::resource_of<EndpointSlice>(), slice->metadata.namespace_, slice->metadata.name, informer::only_this(*slice))));
    stage.actions.back().accept = {"NotFound"};
  }
  if (!stage.actions.empty()) plan.stages.push_back(std::move(stage));
  return plan;
}

}  // namespace plumb::controllers
