// Upstream's lists of what conformance is: the names of its behaviours, and the endpoints it holds eligible for tests. The lists
// themselves are data of the folder conformance/upstream, embedded when `plumb` is built.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/base/registry.h"

namespace plumb::harness {

// A file of conformance/upstream, registered by its name without ".tsv": lines of fields parted by tabs; "#" begins a comment.
struct UpstreamTable {
  std::string text;
  std::vector<std::vector<std::string>> rows() const;
};

struct Behaviour {
  std::string sig, name;  // upstream gives some names to several behaviours: whoever covers one covers all of them
};
std::vector<Behaviour> upstream_behaviours();

struct Endpoint {
  std::string operation;  // "replaceCoreV1NamespacedPodStatus"
  std::string method, path;  // "PUT", "/api/v1/namespaces/{namespace}/pods/{name}/status"
};
std::vector<Endpoint> upstream_endpoints();

// Finds the endpoint that a request calls. Safe from any thread once made.
class EndpointIndex {
 public:
  explicit EndpointIndex(std::vector<Endpoint> endpoints);
  // `target` may have a query. nullptr: none in the list.
  const Endpoint* find(std::string_view method, std::string_view target) const;

 private:
  std::vector<Endpoint> endpoints_;
  std::unordered_map<std::string, std::vector<std::size_t>> by_shape_;  // by method and number of segments
};

}  // namespace plumb::harness
