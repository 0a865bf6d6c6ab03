#include "reference/apiserver/admission/pod_security/check.h"

#include <map>

#include "harness/base/encoding.h"

namespace plumb::apiserver::pod_security {
namespace {

template <class Container>
ContainerView view(const Container& container) {
  static const corev1::SecurityContext none;
  ContainerView made{container.name, container.securityContext ? *container.securityContext : none, container.ports, {}, container.lifecycle.get()};
  for (const auto* probe : {&container.livenessProbe, &container.readinessProbe, &container.startupProbe})
    if (*probe) made.probes.push_back(probe->get());
  return made;
}

const corev1::PodSecurityContext& security_of(const corev1::PodSpec& spec) {
  static const corev1::PodSecurityContext none;
  return spec.securityContext ? *spec.securityContext : none;
}

const std::map<std::string, std::unique_ptr<Check>>& checks() {
  static const auto made = [] {
    std::map<std::string, std::unique_ptr<Check>> all;
    for (const auto& [id, make] : plumb::Registry<Check>::all()) all.emplace(id, make());
    return all;
  }();
  return made;
}

}  // namespace

PodView::PodView(const metav1::ObjectMeta& metadata, const corev1::PodSpec& pod) : annotations(metadata.annotations), spec(pod), security(security_of(pod)) {
  for (const auto& each : spec.initContainers) containers.push_back(view(each));
  for (const auto& each : spec.containers) containers.push_back(view(each));
  for (const auto& each : spec.ephemeralContainers) containers.push_back(view(each.ephemeralContainerCommon));
}

const Check::Revision* Check::at(int minor) const {
  const Revision* last = nullptr;
  for (const Revision& each : revisions)
    if (each.since <= minor) last = &each;
  return last;
}

std::unique_ptr<Check> baseline(std::vector<Check::Revision> revisions) { return std::make_unique<Check>(Check{Level::baseline, std::move(revisions), {}}); }
std::unique_ptr<Check> restricted(std::vector<Check::Revision> revisions, std::string_view replaces) {
  return std::make_unique<Check>(Check{Level::restricted, std::move(revisions), replaces});
}

std::vector<Finding> violations(const LevelVersion& policy, const PodView& pod) {
  std::vector<Finding> found;
  std::set<std::string_view> replaced;
  if (policy.level == Level::restricted)
    for (const auto& [id, check] : checks())
      if (!check->replaces.empty() && check->at(policy.minor)) replaced.insert(check->replaces);
  for (const Level level : {Level::baseline, Level::restricted}) {
    if (level > policy.level) break;
    for (const auto& [id, check] : checks()) {
      const Check::Revision* revision = check->level == level && !replaced.contains(id) ? check->at(policy.minor) : nullptr;
      if (!revision) continue;
      if (auto finding = revision->find(pod)) found.push_back(std::move(*finding));
    }
  }
  return found;
}

std::string with_details(const std::vector<Finding>& findings) {
  std::vector<std::string> parts;
  for (const Finding& each : findings) parts.push_back(each.detail.empty() ? each.reason : each.reason + " (" + each.detail + ")");
  return join(parts, ", ");
}

std::string without_details(const std::vector<Finding>& findings) {
  std::vector<std::string> parts;
  for (const Finding& each : findings) parts.push_back(each.reason);
  return join(parts, ", ");
}

std::string Culprits::text() const {
  std::string text = pod_ ? "pod" : "";
  if (containers_.empty()) return text;
  if (pod_) text += " and ";
  return text + (containers_.size() == 1 ? "container" : "containers") + " \"" + join(containers_, "\", \"") + "\"";
}

std::string quoted(const Texts& texts) { return "\"" + join({texts.begin(), texts.end()}, "\", \"") + "\""; }

}  // namespace plumb::apiserver::pod_security
