#include "harness/load/measure/reconcile_rules.h"

#include "harness/base/encoding.h"

namespace plumb::harness {
namespace {

bool replicas_are(const ObjectReader& o, const char* ready) {
  const auto wanted = o.number("/spec/replicas", 1);
  return o.number("/status/replicas") == wanted && o.number(ready) == wanted;
}

bool deployment(const ObjectReader& o) {
  return replicas_are(o, "/status/availableReplicas") && o.number("/status/updatedReplicas") == o.number("/spec/replicas", 1);
}
bool replica_set(const ObjectReader& o) { return replicas_are(o, "/status/availableReplicas"); }
// Releases before 1.22 say readyReplicas alone.
bool stateful_set(const ObjectReader& o) {
  return replicas_are(o, o.has("/status/availableReplicas") ? "/status/availableReplicas" : "/status/readyReplicas") && o.text("/status/currentRevision") == o.text("/status/updateRevision");
}
bool daemon_set(const ObjectReader& o) {
  const auto wanted = o.number("/status/desiredNumberScheduled");
  return o.number("/status/updatedNumberScheduled") == wanted && o.number("/status/numberAvailable") == wanted;
}
// Releases before 1.24 do not say how many are ready.
bool job(const ObjectReader& o) {
  const auto active = o.number("/status/active");
  return o.condition("Complete") == "True" || (active == o.number("/spec/parallelism", 1) && o.number("/status/ready", active) == active);
}
bool always(const ObjectReader&) { return true; }
bool active(const ObjectReader& o) { return o.text("/status/phase") == "Active"; }
// Its endpoints are those of the slices together: how many there must be stands in an annotation, as in "4 ready".
std::int64_t endpoints(const ObjectReader& o) {
  const std::string_view text = o.text("/metadata/annotations/plumb.io~1endpoints");
  return parse_int(text.substr(0, text.find(' '))).value_or(0);
}
std::int64_t one(const ObjectReader&) { return 1; }
bool claim(const ObjectReader& o) { return o.text("/status/phase") == "Bound"; }
bool budget(const ObjectReader& o) { return o.number("/status/currentHealthy") >= o.number("/status/desiredHealthy", 1); }

// Ready, and what keeps pods from nodes that are not is gone.
bool node(const ObjectReader& o) {
  simdjson::dom::array taints;
  if (!o.object().at_pointer("/spec/taints").get(taints)) {
    for (const auto taint : taints) {
      std::string_view key;
      if (!taint["key"].get(key) && key.starts_with("node.kubernetes.io/")) return false;
    }
  }
  return o.condition("Ready") == "True";
}

const std::vector<ReconcileRule>& rules() {
  static const std::vector<ReconcileRule> all{
      {"Deployment", Revision::generation, deployment, {"apps/v1/replicasets", "v1/pods"}},
      {"ReplicaSet", Revision::generation, replica_set, {"v1/pods"}},
      {"ReplicationController", Revision::generation, replica_set, {"v1/pods"}},
      {"StatefulSet", Revision::generation, stateful_set, {"v1/pods"}},
      {"DaemonSet", Revision::generation, daemon_set, {"v1/pods"}},
      {"Job", Revision::spec, job, {"v1/pods"}},
      {"Service", Revision::spec, always, {"discovery.k8s.io/v1/endpointslices"}, false, endpoints},
      {"PodDisruptionBudget", Revision::generation, budget, {}},
      {"PersistentVolumeClaim", Revision::none, claim, {}},
      {"Namespace", Revision::none, active, {"v1/serviceaccounts"}, true, one},
      {"Node", Revision::none, node, {}},
  };
  return all;
}

}  // namespace

std::int64_t ObjectReader::number(const char* pointer, std::int64_t absent) const {
  std::int64_t value = 0;
  return object_.at_pointer(pointer).get(value) ? absent : value;
}

std::string_view ObjectReader::text(const char* pointer) const {
  std::string_view value;
  return object_.at_pointer(pointer).get(value) ? std::string_view() : value;
}

bool ObjectReader::has(const char* pointer) const { return !object_.at_pointer(pointer).error(); }

std::string_view ObjectReader::condition(std::string_view wanted) const {
  simdjson::dom::array all;
  if (object_.at_pointer("/status/conditions").get(all)) return {};
  for (const auto one : all) {
    std::string_view type, status;
    if (!one["type"].get(type) && !one["status"].get(status) && type == wanted) return status;
  }
  return {};
}

std::string_view ObjectReader::owner_uid() const {
  simdjson::dom::array owners;
  std::string_view first;
  if (object_.at_pointer("/metadata/ownerReferences").get(owners)) return {};
  for (const auto owner : owners) {
    std::string_view uid;
    bool controls = false;
    if (owner["uid"].get(uid)) continue;
    if (!owner["controller"].get(controls) && controls) return uid;
    if (first.empty()) first = uid;
  }
  return first;
}

Result<const ReconcileRule*> reconcile_rule(std::string_view kind) {
  std::vector<std::string> known;
  for (const ReconcileRule& rule : rules()) {
    if (rule.kind == kind) return &rule;
    known.push_back(rule.kind);
  }
  return fail(Code::not_found, "how a " + std::string(kind) + " is reconciled is not known; there are " + join(known, ", "));
}

}  // namespace plumb::harness
