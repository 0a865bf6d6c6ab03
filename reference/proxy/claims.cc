#include "reference/proxy/claims.h"

#include <algorithm>

namespace plumb::proxy {
namespace {

std::string place(const ServicePort& port, const api::Ip& ip) { return ip.text() + " " + std::string(text_of(port.protocol)) + " " + std::to_string(port.port); }
std::string node_place(const ServicePort& port) { return "node port " + std::string(text_of(port.protocol)) + " " + std::to_string(port.node_port); }

std::vector<std::string> places_of(const std::vector<ServicePort>& ports) {
  std::vector<std::string> places;
  for (const ServicePort& port : ports) {
    if (port.cluster_ip) places.push_back(place(port, *port.cluster_ip));
    for (const auto* addresses : {&port.external_ips, &port.load_balancer_ips})
      for (const api::Ip& ip : *addresses) places.push_back(place(port, ip));
    if (port.node_port != 0) places.push_back(node_place(port));
  }
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  return places;
}

}  // namespace

std::vector<std::string> Claims::set(std::string_view service, const std::vector<ServicePort>& ports) {
  const std::vector<std::string> wanted = places_of(ports);
  std::vector<std::string>& before = places_.try_emplace(std::string(service)).first->second;
  std::vector<std::string> heirs;
  for (const std::string& gone : before) {
    if (std::binary_search(wanted.begin(), wanted.end(), gone)) continue;
    const auto found = claimants_.find(gone);
    std::vector<std::string>& claimants = found->second;
    const bool held = claimants.front() == service;
    claimants.erase(std::find(claimants.begin(), claimants.end(), service));
    if (claimants.empty())
      claimants_.erase(found);
    else if (held)
      heirs.push_back(claimants.front());
  }
  for (const std::string& came : wanted)
    if (!std::binary_search(before.begin(), before.end(), came)) claimants_[came].emplace_back(service);
  if (wanted.empty())
    places_.erase(places_.find(service));
  else
    before = wanted;
  return heirs;
}

bool Claims::holds(std::string_view service, std::string_view place) const {
  const auto found = claimants_.find(place);
  return found != claimants_.end() && found->second.front() == service;
}

std::string Claims::withhold(std::string_view service, ServicePort& port) const {
  std::string taken;
  const auto is_taken = [&](const std::string& place) {
    if (holds(service, place)) return false;
    taken = place;
    return true;
  };
  if (port.cluster_ip && is_taken(place(port, *port.cluster_ip))) port.cluster_ip.reset();
  for (auto* addresses : {&port.external_ips, &port.load_balancer_ips}) std::erase_if(*addresses, [&](const api::Ip& ip) { return is_taken(place(port, ip)); });
  if (port.node_port != 0 && is_taken(node_place(port))) port.node_port = 0;
  return taken;
}

}  // namespace plumb::proxy
