#include "reference/controllers/framework/endpoint_subsets.h"

#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace plumb::controllers {
namespace {

using AddressKey = std::pair<std::string, std::string>;                            // IP, UID of the target
using PortKey = std::tuple<std::string, std::int32_t, std::string, std::string>;   // name, number, protocol, application protocol
using Readiness = std::map<AddressKey, bool>;

AddressKey key_of(const corev1::EndpointAddress& address) { return {address.ip.str(), address.targetRef ? address.targetRef->uid.str() : std::string()}; }
PortKey key_of(const corev1::EndpointPort& port) { return {port.name.str(), port.port, port.protocol.str(), port.appProtocol.value_or("").str()}; }

struct Packing {
  std::map<AddressKey, const corev1::EndpointAddress*> addresses;
  std::map<PortKey, const corev1::EndpointPort*> ports;  // nullptr for a subset that has none
  std::map<PortKey, Readiness> by_port;

  void add(const corev1::EndpointSubset& subset, const PortKey& key, const corev1::EndpointPort* port) {
    ports.emplace(key, port);
    const auto note = [&](const api::List<corev1::EndpointAddress>& list, bool ready) {
      for (const auto& address : list) {
        addresses.emplace(key_of(address), &address);
        const auto [at, first] = by_port[key].emplace(key_of(address), ready);
        if (!first && !ready) at->second = false;
      }
    };
    note(subset.addresses, true);
    note(subset.notReadyAddresses, false);
  }
};

}  // namespace

api::List<corev1::EndpointSubset> repack(const api::List<corev1::EndpointSubset>& subsets) {
  Packing packing;
  for (const auto& subset : subsets) {
    if (subset.ports.empty()) packing.add(subset, {"", -1, "", ""}, nullptr);
    for (const auto& port : subset.ports) packing.add(subset, key_of(port), &port);
  }
  std::map<Readiness, std::vector<PortKey>> together;
  for (const auto& [port, readiness] : packing.by_port) together[readiness].push_back(port);

  api::List<corev1::EndpointSubset> packed;
  for (const auto& [readiness, ports] : together) {
    auto& subset = packed.emplace_back();
    for (const auto& [address, ready] : readiness) (ready ? subset.addresses : subset.notReadyAddresses).push_back(*packing.addresses.at(address));
    for (const PortKey& port : ports)
      if (const auto* found = packing.ports.at(port)) subset.ports.push_back(*found);
  }
  return packed;
}

}  // namespace plumb::controllers
