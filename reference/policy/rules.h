// What policies mean for one pod: the rules of its chains, in nft's syntax. Pure functions.
//
// From upstream's documentation of NetworkPolicy: a pod is isolated for a direction as soon as one policy of its namespace selects it for that
// direction; then what any of them allows is allowed, and nothing else. A connection has to be allowed by its source's egress and by its
// destination's ingress. Pods on the host's network are neither isolated nor meant by selectors. An element that this proxy cannot judge
// (SCTP, a named port that a pod lacks) allows nothing; it never widens a rule.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/api/text/label_selector.h"
#include "reference/api/types/corev1.h"
#include "reference/api/types/networkingv1.h"
#include "reference/proxy/service_port.h"

namespace plumb::policy {

using proxy::Family;
using PodPtr = std::shared_ptr<const corev1::Pod>;
using PolicyPtr = std::shared_ptr<const networkingv1::NetworkPolicy>;
using Labels = api::Map<api::Str>;

// The addresses that a selector means: one set of the table, shared by all rules that mean the same.
struct PeerSet {
  std::string namespace_;        // of the pods; "": of all namespaces that `namespaces` selects
  api::LabelSelector namespaces;
  api::LabelSelector pods;
  std::string protocol, port;    // a named port: elements are address . number of each pod that has it; else ""
  std::string key() const;       // equal for equal sets
};


// What a pod's addresses are in the family; none once it has ended, and none of a pod on the host's network.
std::vector<std::string> addresses(const corev1::Pod& pod, Family family);
// It will have addresses, or has them.
bool is_on_pod_network(const corev1::Pod& pod);
// The numbers that a pod has for a named port. Several containers may have one each.
std::vector<int> named_ports(const corev1::Pod& pod, std::string_view protocol, std::string_view name);
// The set's elements that a pod contributes, given that its namespace is among the set's.
std::vector<std::string> elements(const PeerSet& set, const corev1::Pod& pod, Family family);

enum class Direction : std::uint8_t { ingress, egress };
inline std::size_t index_of(Direction direction) { return static_cast<std::size_t>(direction); }
bool is_about(const networkingv1::NetworkPolicy& policy, Direction direction);
// What this part leaves out of a policy, for a warning; "" where nothing.
std::string left_out(const networkingv1::NetworkPolicy& policy);

struct Decision {
  bool isolated = false;
  bool open = false;               // isolated, but everything is allowed
  std::vector<std::string> rules;  // without the final drop; no two are equal
  std::vector<std::string> sets;   // names that the rules refer to
};
using NameOf = std::function<std::string(const PeerSet&)>;

// `policies` select the pod.
Decision decide(const corev1::Pod& pod, const std::vector<PolicyPtr>& policies, Direction direction, Family family, const NameOf& name_of);

}  // namespace plumb::policy
