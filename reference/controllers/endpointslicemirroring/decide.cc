#include "reference/controllers/endpointslicemirroring/decide.h"

#include <algorithm>
#include <map>
#include <set>

#include "reference/api/text/ip.h"
#include "reference/controllers/framework/endpoint_subsets.h"
#include "reference/controllers/framework/ownership.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers::endpointslicemirroring {
namespace {

using discoveryv1::Endpoint;
using discoveryv1::EndpointPort;
using discoveryv1::EndpointSlice;

constexpr std::string_view leader_annotation = "control-plane.alpha.kubernetes.io/leader";
constexpr std::string_view trigger_annotation = "endpoints.kubernetes.io/last-change-trigger-time", applied_annotation = "kubectl.kubernetes.io/last-applied-configuration";

// One slice: all that has the same ports and address type.
struct Group {
  std::string type;
  api::List<EndpointPort> ports;
  std::vector<Endpoint> wanted;
  std::set<std::string> identities;
  std::vector<SlicePtr> slices;
};

api::Map<api::Str> mirrored_annotations(const corev1::Endpoints& endpoints) {
  api::Map<api::Str> annotations = endpoints.metadata.annotations;
  annotations.erase(trigger_annotation);
  annotations.erase(applied_annotation);
  return annotations;
}

api::Map<api::Str> mirrored_labels(const corev1::Endpoints& endpoints) {
  api::Map<api::Str> labels = endpoints.metadata.labels;
  labels.set(service_name_label, endpoints.metadata.name);
  labels.set(managed_by_label, manager);
  return labels;
}

api::List<EndpointPort> ports_of(const corev1::EndpointSubset& subset) {
  api::List<EndpointPort> ports;
  for (const corev1::EndpointPort& port : subset.ports) {
    EndpointPort& made = ports.emplace_back();
    made.name = port.name;
    made.port = port.port;
    made.protocol = port.protocol;
    made.appProtocol = port.appProtocol;
  }
  return ports;
}

class Decision {
 public:
  Decision(const std::shared_ptr<const corev1::Endpoints>& endpoints, const std::vector<SlicePtr>& slices, std::size_t most)
      : endpoints_(endpoints), slices_(slices), most_(most) {}

  Plan run() {
    for (const corev1::EndpointSubset& subset : repack(endpoints_->subsets)) add(subset);
    for (const SlicePtr& slice : slices_) groups_[slice->addressType.str() + ports_key(slice->ports)].slices.push_back(slice);
    SliceChanges changes;
    for (auto& [key, group] : groups_) change(group, changes);
    recycle(changes, [](const EndpointSlice&) { return true; });
    Plan plan = write(changes, informer::object_key(*endpoints_), endpoints_->metadata.deletionTimestamp.set);
    if (invalid_ > 0)
      plan.record(endpoints_, informer::event_warning, "InvalidIPAddress", "Skipped " + std::to_string(invalid_) + " invalid IP addresses when mirroring to EndpointSlices");
    if (skipped_ > invalid_)
      plan.record(endpoints_, informer::event_warning, "TooManyAddressesToMirror",
                  "A max of " + std::to_string(most_) + " addresses can be mirrored to EndpointSlices per Endpoints subset. " + std::to_string(skipped_) +
                      " addresses were skipped");
    return plan;
  }

 private:
  void add(const corev1::EndpointSubset& subset) {
    const auto ports = ports_of(subset);
    std::size_t added = 0;
    const auto add_all = [&](const api::List<corev1::EndpointAddress>& list, bool ready) {
      for (const corev1::EndpointAddress& address : list) {
        if (added >= most_) break;
        add(address, ready, ports) ? ++added : ++invalid_;
      }
    };
    add_all(subset.addresses, true);
    add_all(subset.notReadyAddresses, false);
    skipped_ += subset.addresses.size() + subset.notReadyAddresses.size() - added;
  }

  bool add(const corev1::EndpointAddress& address, bool ready, const api::List<EndpointPort>& ports) {
    const auto ip = api::Ip::parse(address.ip);
    if (!ip) return false;
    Endpoint endpoint;
    endpoint.addresses.push_back(api::Str(ip->text()));
    endpoint.conditions.ready = ready;
    endpoint.targetRef = address.targetRef;
    endpoint.nodeName = address.nodeName;
    if (!address.hostname.empty()) endpoint.hostname = address.hostname;
    Group& group = groups_[std::string(ip->family()) + ports_key(ports)];
    group.type = ip->family();
    group.ports = ports;
    if (group.identities.insert(identity(endpoint)).second) group.wanted.push_back(std::move(endpoint));
    return true;
  }

  void change(const Group& group, SliceChanges& changes) const {
    if (group.wanted.empty()) {
      changes.remove.insert(changes.remove.end(), group.slices.begin(), group.slices.end());
      return;
    }
    if (!group.slices.empty()) changes.remove.insert(changes.remove.end(), group.slices.begin() + 1, group.slices.end());
    if (!group.slices.empty() && says(*group.slices.front(), group)) return;
    NewSlice slice = fresh(group);
    if (group.slices.empty()) return changes.create.push_back(std::move(slice));
    const metav1::ObjectMeta& old = group.slices.front()->metadata;
    slice->metadata.generateName.reset();
    slice->metadata.name = old.name;
    slice->metadata.uid = old.uid;
    slice->metadata.resourceVersion = old.resourceVersion;
    changes.update.push_back(std::move(slice));
  }

  bool says(const EndpointSlice& slice, const Group& group) const {
    if (!(slice.metadata.labels == mirrored_labels(*endpoints_)) || !(slice.metadata.annotations == mirrored_annotations(*endpoints_))) return false;
    const auto same = [&](const Endpoint& endpoint) {
      return std::any_of(group.wanted.begin(), group.wanted.end(),
                         [&](const Endpoint& wanted) { return identity(wanted) == identity(endpoint) && same_state(wanted, endpoint); });
    };
    return slice.endpoints.size() == group.wanted.size() && std::all_of(slice.endpoints.begin(), slice.endpoints.end(), same);
  }

  NewSlice fresh(const Group& group) const {
    auto slice = std::make_shared<EndpointSlice>();
    slice->metadata.namespace_ = endpoints_->metadata.namespace_;
    slice->metadata.generateName = slice_name_prefix(endpoints_->metadata.name);
    slice->metadata.labels = mirrored_labels(*endpoints_);
    slice->metadata.annotations = mirrored_annotations(*endpoints_);
    slice->metadata.ownerReferences.push_back(controller_reference(*endpoints_));
    slice->addressType = group.type;
    slice->ports = group.ports;
    for (const Endpoint& endpoint : group.wanted)
      if (slice->endpoints.size() < most_) slice->endpoints.push_back(endpoint);
    return slice;
  }

  const std::shared_ptr<const corev1::Endpoints>& endpoints_;
  const std::vector<SlicePtr>& slices_;
  const std::size_t most_;
  std::map<std::string, Group> groups_;
  std::size_t invalid_ = 0, skipped_ = 0;
};

}  // namespace

bool should_mirror(const corev1::Endpoints& endpoints) {
  return endpoints.metadata.labels.get("endpointslice.kubernetes.io/skip-mirror") != "true" && !endpoints.metadata.annotations.contains(leader_annotation);
}

Plan decide(const std::shared_ptr<const corev1::Endpoints>& endpoints, const std::vector<SlicePtr>& slices, std::size_t most_endpoints) {
  return Decision(endpoints, slices, most_endpoints).run();
}

Plan clean_up(const std::string& key, const std::vector<SlicePtr>& slices) {
  SliceChanges changes;
  changes.remove = slices;
  return write(changes, key, false);
}

}  // namespace plumb::controllers::endpointslicemirroring
