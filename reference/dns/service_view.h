// What names follow from one Service and its EndpointSlices: parsed and reduced to what DNS tells. Pure.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reference/api/text/ip.h"
#include "reference/api/types/corev1.h"
#include "reference/api/types/discoveryv1.h"

namespace plumb::dns {

struct PortView {
  std::string name, protocol;  // lower case; the name may be empty
  std::uint16_t port = 0;
  friend bool operator==(const PortView&, const PortView&) = default;
};

struct EndpointView {
  std::string label;         // its hostname, else its address with dashes: "10-0-0-7"
  bool has_hostname = false;
  api::Ip ip;
  friend bool operator==(const EndpointView&, const EndpointView&) = default;
};

// The endpoints of one slice, which share their ports.
struct EndpointGroup {
  std::vector<PortView> ports;
  std::vector<EndpointView> endpoints;
  friend bool operator==(const EndpointGroup&, const EndpointGroup&) = default;
};

struct ServiceView {
  enum class Kind : std::uint8_t { cluster, headless, external };
  std::string namespace_, name;
  Kind kind = Kind::cluster;
  std::vector<api::Ip> ips;            // of kind cluster
  std::vector<PortView> ports;         // of kind cluster
  std::string external_name;           // of kind external; lower case, without the last dot
  std::vector<EndpointGroup> groups;
  friend bool operator==(const ServiceView&, const ServiceView&) = default;
};

using ServicePtr = std::shared_ptr<const corev1::Service>;
using SlicePtr = std::shared_ptr<const discoveryv1::EndpointSlice>;

// nullptr where a Service has no name: an external name that is an address (as CoreDNS). Endpoints count while their condition ready is true or unknown; a
// Service with publishNotReadyAddresses has it true for all of its pods (the EndpointSlice controller's doing).
std::shared_ptr<const ServiceView> view_of(const corev1::Service& service, const std::vector<SlicePtr>& slices);

}  // namespace plumb::dns
