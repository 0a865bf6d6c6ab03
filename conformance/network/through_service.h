// Asking pods through Services, by address: from a pod, with a short patience, since what must not answer may be dropped.
#pragma once

#include <algorithm>
#include <set>

#include "harness/runner/conformance_test.h"
#include "harness/runner/needs.h"

namespace plumb::harness {

// "10.0.0.1:80", "[fd00::1]:80".
inline std::string host_port(const std::string& address, std::int64_t port) {
  return (address.find(':') == std::string::npos ? address : "[" + address + "]") + ":" + std::to_string(port);
}

// The name of the pod that answers, or "" when nobody does.
inline std::string who_answers(Cluster& c, const std::string& from, const std::string& at) {
  const auto answer = c.exec(from, {"get", "http://" + at + "/hostname", "--timeout", "2"});
  return answer.exit_code == 0 ? answer.out.substr(0, answer.out.find('\n')) : "";
}

// Waits until so many different pods have answered, and no other one.
inline void await_answers(Cluster& c, const std::string& from, const std::string& at, const std::set<std::string>& pods) {
  std::set<std::string> seen;
  c.eventually("answers at " + at, [&] {
    const std::string one = who_answers(c, from, at);
    if (!one.empty() && !pods.contains(one)) seen.clear();
    else if (!one.empty()) seen.insert(one);
    return seen == pods;
  });
}

inline void await_nobody(Cluster& c, const std::string& from, const std::string& at) {
  c.eventually("nobody to answer at " + at, [&] { return who_answers(c, from, at).empty(); });
}

inline Json service_of(Cluster& c, const std::string& name) { return c.must(c.client().get(c.in("v1", "services"), name)); }

// The InternalIPs of the nodes that take pods.
inline std::vector<std::string> node_addresses(Cluster& c) {
  std::vector<std::string> addresses;
  for (const std::string& name : c.must(usable_nodes(c.client()))) {
    const Json node = c.must(c.client().get({"v1", "nodes", ""}, name));
    for (const Json& address : at(node, "/status/addresses", Json::array()))
      if (text_at(address, "/type") == "InternalIP") addresses.push_back(text_at(address, "/address"));
  }
  return addresses;
}

}  // namespace plumb::harness
