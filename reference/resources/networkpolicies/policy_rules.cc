#include "reference/resources/networkpolicies/policy_rules.h"

#include "reference/api/text/ip.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/label_selector.h"

namespace plumb::resources {
namespace {

void check_port(const networkingv1::NetworkPolicyPort& port, const FieldPath& path, FieldErrors& errors) {
  const FieldPath end = path.child("endPort");
  if (!port.port) {
    if (port.endPort) errors.invalid(end, std::to_string(*port.endPort), "may not be specified when `port` is not specified");
    return;
  }
  if (port.port.is_string() && port.endPort) errors.invalid(end, std::to_string(*port.endPort), "may not be specified when `port` is non-numeric");
  check_port_number_or_name(port.port, path.child("port"), errors);
  if (port.port.is_string() || !port.endPort) return;
  if (*port.endPort < port.port.number) errors.invalid(end, std::to_string(*port.endPort), "must be greater than or equal to `port`");
  check_number(api::check_port_number(*port.endPort), end, *port.endPort, errors);
}

void check_ip_block(const networkingv1::IPBlock& block, const FieldPath& path, FieldErrors& errors) {
  const FieldPath cidr = path.child("cidr");
  if (block.cidr.empty()) return errors.required(cidr);
  check_text(api::check_cidr(block.cidr), cidr, block.cidr, errors);
  const auto range = api::IpRange::parse(block.cidr);
  if (!range) return;
  for (std::size_t i = 0; i < block.except.size(); ++i) {
    const FieldPath at = path.child("except").index(i);
    check_text(api::check_cidr(block.except[i]), at, block.except[i], errors);
    const auto except = api::IpRange::parse(block.except[i]);
    if (except && (!range->contains(except->network) || range->bits >= except->bits))
      errors.invalid(at, quoted(block.except[i]), "must be a strict subset of `cidr`");
  }
}

void check_peer(const networkingv1::NetworkPolicyPeer& peer, const FieldPath& path, FieldErrors& errors) {
  if (peer.podSelector) check_label_selector(*peer.podSelector, path.child("podSelector"), errors);
  if (peer.namespaceSelector) check_label_selector(*peer.namespaceSelector, path.child("namespaceSelector"), errors);
  if (peer.ipBlock) check_ip_block(*peer.ipBlock, path.child("ipBlock"), errors);
  const bool selects = peer.podSelector || peer.namespaceSelector;
  if (!selects && !peer.ipBlock) errors.required(path, "must specify a peer");
  if (selects && peer.ipBlock) errors.forbidden(path, "may not specify both ipBlock and another peer");
}

template <class Ports, class Peers>
void check_rule(const Ports& ports, const Peers& peers, const FieldPath& path, const char* peers_name, FieldErrors& errors) {
  for (std::size_t i = 0; i < ports.size(); ++i) check_port(ports[i], path.child("ports").index(i), errors);
  for (std::size_t i = 0; i < peers.size(); ++i) check_peer(peers[i], path.child(peers_name).index(i), errors);
}

}  // namespace

void check_network_policy(const networkingv1::NetworkPolicy& policy, FieldErrors& errors) {
  const FieldPath path("spec");
  const auto& spec = policy.spec;
  check_label_selector(spec.podSelector, path.child("podSelector"), errors);
  for (std::size_t i = 0; i < spec.ingress.size(); ++i) check_rule(spec.ingress[i].ports, spec.ingress[i].from, path.child("ingress").index(i), "from", errors);
  for (std::size_t i = 0; i < spec.egress.size(); ++i) check_rule(spec.egress[i].ports, spec.egress[i].to, path.child("egress").index(i), "to", errors);
  if (spec.policyTypes.size() <= 2) return;
  std::string shown;
  for (const api::Str& type : spec.policyTypes) shown += (shown.empty() ? "" : ",") + quoted(type);
  errors.invalid(path.child("policyTypes"), "[" + shown + "]", "may not specify more than two policyTypes");
}

}  // namespace plumb::resources
