// LimitRanger: defaults and bounds that a namespace sets for the resources of its pods and claims.
#include <set>

#include "reference/api/types/corev1.h"
#include "reference/apiserver/admission/limit_ranger/limits.h"
#include "reference/apiserver/admission/plugin.h"

namespace plumb::apiserver {
namespace {

using corev1::LimitRange;

// One violation as it is, several as upstream joins them, each once.
std::string joined(const std::vector<std::string>& violations) {
  if (violations.size() == 1) return violations.front();
  std::set<std::string> seen;
  std::string text = "[";
  for (const std::string& each : violations)
    if (seen.insert(each).second) text.append(text.size() > 1 ? ", " : "").append(each);
  return seen.size() == 1 ? violations.front() : text + "]";
}

class LimitRanger final : public AdmissionPlugin {
 public:
  int order() const override { return 30; }

  Refusal mutate(AdmissionRequest& request, const ClusterView& cluster) const override {
    if (!concerns(request) || &request.resource.type() != &corev1::Pod::info()) return std::nullopt;
    for (const api::ObjectPtr& range : cluster.list(LimitRange::info(), request.namespace_))
      limits::set_defaults(static_cast<const LimitRange&>(*range), static_cast<corev1::Pod&>(*request.object));
    return std::nullopt;
  }

  Refusal validate(const AdmissionRequest& request, const ClusterView& cluster) const override {
    if (!concerns(request)) return std::nullopt;
    for (const api::ObjectPtr& each : cluster.list(LimitRange::info(), request.namespace_)) {
      const auto violations = violations_of(static_cast<const LimitRange&>(*each), *request.object);
      if (!violations.empty()) return status::forbidden({"", request.resource.names().plural}, request.name, joined(violations));
    }
    return std::nullopt;
  }

 private:
  // Pods change their resources through the subresource for that alone.
  static bool concerns(const AdmissionRequest& request) {
    if (!request.object || (request.old && request.old->metadata.deletionTimestamp)) return false;
    const bool update = request.operation == Operation::update;
    if (&request.resource.type() == &corev1::Pod::info()) return update ? request.subresource == "resize" : request.subresource.empty();
    return &request.resource.type() == &corev1::PersistentVolumeClaim::info() && request.subresource.empty();
  }

  static std::vector<std::string> violations_of(const LimitRange& range, const api::Object& object) {
    if (const auto* pod = api::as<corev1::Pod>(object)) return limits::violations(range, *pod);
    return limits::violations(range, static_cast<const corev1::PersistentVolumeClaim&>(object));
  }
};

const Registered<AdmissionPlugin> registered_limit_ranger{"LimitRanger", [] { return std::make_unique<LimitRanger>(); }};

}  // namespace
}  // namespace plumb::apiserver
