#include <algorithm>
#include <set>
#include <string>

#include "reference/api/types/corev1.h"
#include "reference/resources/podspec/validate.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/type_defaults.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

const TypeDefault<corev1::NodeStatus> status{[](corev1::NodeStatus& status) {
  if (status.allocatable.empty()) status.allocatable = status.capacity;
}};

std::string state(const corev1::Node& node) {
  std::string out = "Unknown";
  for (const auto& condition : node.status.conditions)
    if (condition.type == "Ready") out = condition.status == "True" ? "Ready" : "NotReady";
  return node.spec.unschedulable ? out + ",SchedulingDisabled" : out;
}

std::string roles(const corev1::Node& node) {
  constexpr std::string_view prefix = "node-role.kubernetes.io/";
  std::set<std::string> found;
  for (const auto& [key, value] : node.metadata.labels) {
    if (key.view().starts_with(prefix) && key.size() > prefix.size()) found.emplace(key.view().substr(prefix.size()));
    if (key == "kubernetes.io/role" && !value.empty()) found.emplace(value.view());
  }
  return found.empty() ? "<none>" : first_of_many({found.begin(), found.end()}, found.size());
}

std::string address(const corev1::Node& node, std::string_view type) {
  for (const auto& one : node.status.addresses)
    if (one.type == type) return one.address.str();
  return "<none>";
}

void check_taints(const api::List<corev1::Taint>& taints, FieldErrors& errors) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (std::size_t i = 0; i < taints.size(); ++i) {
    const auto& taint = taints[i];
    const FieldPath at = spec_path.child("taints").index(i);
    check_text(api::check_qualified_name(taint.key), at.child("key"), taint.key, errors);
    check_text(api::check_label_value(taint.value), at.child("value"), taint.value, errors);
    if (taint.effect.empty()) errors.required(at.child("effect"));
    if (!seen.emplace(taint.key, taint.effect).second)
      errors.duplicate(at, "{\"key\":" + quoted(taint.key) + ",\"value\":" + quoted(taint.value) + ",\"effect\":" + quoted(taint.effect) + "}");
  }
}

class Nodes final : public Typed<corev1::Node> {
 public:
  Nodes() : Typed(Names{"nodes", "node", {"no"}, {}, false}) {}
  std::vector<std::string_view> subresources() const override { return {"proxy"}; }
  std::string storage_prefix() const override { return "minions"; }
  bool has_generation() const override { return false; }
  std::vector<std::string_view> selectable_field_names() const override { return {"spec.unschedulable"}; }
  std::vector<Column> columns() const override {
    return {name_column(),
            text_column("Status", "Whether the node is ready and takes pods."),
            text_column("Roles", "The node's roles, from its labels."),
            age_column(),
            text_column("Version", "The version of the kubelet."),
            text_column("Internal-IP", "The node's address inside the cluster.", 1),
            text_column("External-IP", "The node's address from outside.", 1),
            text_column("OS-Image", "The operating system.", 1),
            text_column("Kernel-Version", "The version of the kernel.", 1),
            text_column("Container-Runtime", "The container runtime and its version.", 1)};
  }

 protected:
  // A kubelet registers its node with its status.
  bool keeps_status_at_create() const override { return true; }
  void check(const corev1::Node& node, FieldErrors& errors) const override {
    check_taints(node.spec.taints, errors);
    for (const auto& [name, amount] : node.status.capacity)
      check_resource_amount(name, amount, FieldPath("status").child("capacity").key(name), errors);
    for (std::size_t i = 0; i < node.spec.podCIDRs.size(); ++i)
      check_text(api::check_cidr(node.spec.podCIDRs[i]), spec_path.child("podCIDRs").index(i), node.spec.podCIDRs[i], errors);
  }
  void check_update(const corev1::Node& next, const corev1::Node& previous, FieldErrors& errors) const override {
    if (!previous.spec.podCIDRs.empty() && !(next.spec.podCIDRs == previous.spec.podCIDRs))
      errors.forbidden(spec_path.child("podCIDRs"), "node updates may not change podCIDR except from \"\" to valid");
    if (!previous.spec.providerID.empty() && next.spec.providerID != previous.spec.providerID)
      errors.forbidden(spec_path.child("providerID"), "node updates may not change providerID except from \"\" to valid");
  }
  std::vector<SelectableField> fields_of(const corev1::Node& node) const override {
    return {{"spec.unschedulable", node.spec.unschedulable ? "true" : "false"}};
  }
  std::vector<Cell> cells(const corev1::Node& node, WallTime now) const override {
    const auto& info = node.status.nodeInfo;
    return {node.metadata.name,
            state(node),
            roles(node),
            age(node, now),
            info.kubeletVersion,
            address(node, "InternalIP"),
            address(node, "ExternalIP"),
            or_else(info.osImage, "<unknown>"),
            or_else(info.kernelVersion, "<unknown>"),
            or_else(info.containerRuntimeVersion, "<unknown>")};
  }
};

const Registered<Resource> registered_nodes{"nodes", [] { return std::make_unique<Nodes>(); }};

}  // namespace
}  // namespace plumb::resources
