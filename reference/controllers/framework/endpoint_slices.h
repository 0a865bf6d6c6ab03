// What the writers of EndpointSlices share: which slices are one writer's of one Service, and when endpoints and ports are the same.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/types/discoveryv1.h"
#include "reference/controllers/framework/controller.h"

namespace plumb::controllers {

using SlicePtr = std::shared_ptr<const discoveryv1::EndpointSlice>;
using NewSlice = std::shared_ptr<discoveryv1::EndpointSlice>;

inline constexpr std::string_view service_name_label = "kubernetes.io/service-name";
inline constexpr std::string_view managed_by_label = "endpointslice.kubernetes.io/managed-by";
inline constexpr std::string_view headless_label = "service.kubernetes.io/headless";

// The key of the Service that the slice is of, when it is that manager's; "" otherwise.
std::string service_of_slice(const discoveryv1::EndpointSlice& slice, std::string_view manager);
// A lister of slices with the index slice_index(manager) by that key, and a handler that keeps the expectations of the Service
// and puts it on the queue.
std::string slice_index(std::string_view manager);
informer::Lister<discoveryv1::EndpointSlice> watch_slices(Watches& watches, std::string_view manager);

// The same for ports that mean the same, in whatever order.
std::string ports_key(const api::List<discoveryv1::EndpointPort>& ports);
// What makes an endpoint the same one, whatever became of it: its addresses, its hostname, and the pod.
std::string identity(const discoveryv1::Endpoint& endpoint);
// Everything else that is not hints.
bool same_state(const discoveryv1::Endpoint& a, const discoveryv1::Endpoint& b);
// For generateName: with a dash, where the name is short enough.
std::string slice_name_prefix(std::string_view service);

// Slices to be written, in the order of their making.
struct SliceChanges {
  std::vector<NewSlice> create, update;
  std::vector<SlicePtr> remove;
};
// Turns what is to be removed into what is to be made, where both have the same address type and `reusable` agrees: an update is one write
// instead of two.
void recycle(SliceChanges& changes, const std::function<bool(const discoveryv1::EndpointSlice&)>& reusable);
// The calls, as one stage that raises the expectations of `key`. Nothing is made for an owner that is being deleted.
Plan write(const SliceChanges& changes, const std::string& key, bool owner_is_going);

}  // namespace plumb::controllers
