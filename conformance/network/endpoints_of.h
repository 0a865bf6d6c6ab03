// What Endpoints and EndpointSlices of a Service say, as a set of "port name address:number" of those that are ready.
#pragma once

#include <set>

#include "harness/runner/conformance_test.h"

namespace plumb::harness {

using Places = std::set<std::string>;

inline std::string place(const Json& port, const std::string& address) {
  return text_at(port, "/name") + " " + address + ":" + std::to_string(int_at(port, "/port"));
}

inline Places places_in_endpoints(const Json& endpoints) {
  Places places;
  for (const Json& subset : at(endpoints, "/subsets", Json::array()))
    for (const Json& address : at(subset, "/addresses", Json::array()))
      for (const Json& port : at(subset, "/ports", Json::array())) places.insert(place(port, text_at(address, "/ip")));
  return places;
}

inline Places places_in_slice(const Json& slice) {
  Places places;
  for (const Json& endpoint : at(slice, "/endpoints", Json::array())) {
    if (!at(endpoint, "/conditions/ready", true).get<bool>()) continue;
    for (const Json& address : at(endpoint, "/addresses", Json::array()))
      for (const Json& port : at(slice, "/ports", Json::array())) places.insert(place(port, address.get<std::string>()));
  }
  return places;
}

inline Resource slices(Cluster& c) { return c.in("discovery.k8s.io/v1", "endpointslices"); }
inline Query slices_of(const std::string& service) { return {{"labelSelector", "kubernetes.io/service-name=" + service}}; }

// Waits until the Endpoints and the EndpointSlices of the Service both say exactly this.
inline void await_places(Cluster& c, const std::string& service, const Places& expected, const std::string& what) {
  c.await(c.in("v1", "endpoints"), service, "Endpoints with " + what, [&](const Json* now) { return now != nullptr && places_in_endpoints(*now) == expected; });
  c.await_all(slices(c), slices_of(service), "EndpointSlices with " + what, [&](const Cluster::Objects& found) {
    Places places;
    for (const auto& [name, slice] : found) places.merge(places_in_slice(slice));
    return !found.empty() && places == expected;
  });
}

inline void await_none(Cluster& c, const std::string& service) {
  c.await_gone(c.in("v1", "endpoints"), service, timeouts::pod_gone);
  c.await_all(slices(c), slices_of(service), "no EndpointSlices of " + service, [](const Cluster::Objects& found) { return found.empty(); }, timeouts::pod_gone);
}

}  // namespace plumb::harness
