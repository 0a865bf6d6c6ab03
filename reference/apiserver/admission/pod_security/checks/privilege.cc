// Root and ways to become it.
#include "reference/apiserver/admission/pod_security/check.h"

namespace plumb::apiserver::pod_security {
namespace {

std::optional<Finding> privileged(const PodView& pod) {
  Culprits culprits;
  for (const ContainerView& container : pod.containers)
    if (container.security.privileged.value_or(false)) culprits.add(container.name);
  if (culprits.empty()) return std::nullopt;
  return Finding{"privileged", culprits.text() + " must not set securityContext.privileged=true"};
}

std::optional<Finding> escalates(const PodView& pod) {
  Culprits culprits;
  for (const ContainerView& container : pod.containers)
    if (container.security.allowPrivilegeEscalation.value_or(true)) culprits.add(container.name);
  if (culprits.empty()) return std::nullopt;
  return Finding{"allowPrivilegeEscalation != false", culprits.text() + " must set securityContext.allowPrivilegeEscalation=false"};
}

std::optional<Finding> escalates_on_linux(const PodView& pod) { return pod.runs_windows() ? std::nullopt : escalates(pod); }

std::optional<Finding> maybe_root(const PodView& pod) {
  constexpr auto* reason = "runAsNonRoot != true";
  const auto& of_pod = pod.security.runAsNonRoot;
  Culprits roots, silent;
  if (of_pod && !*of_pod) roots.add_pod();
  for (const ContainerView& container : pod.containers) {
    const auto& own = container.security.runAsNonRoot;
    if (own ? !*own : false) roots.add(container.name);
    if (!own && !of_pod.value_or(false)) silent.add(container.name);
  }
  if (!roots.empty()) return Finding{reason, roots.text() + " must not set securityContext.runAsNonRoot=false"};
  if (!silent.empty()) return Finding{reason, "pod or " + silent.text() + " must set securityContext.runAsNonRoot=true"};
  return std::nullopt;
}

std::optional<Finding> root_user(const PodView& pod) {
  Culprits culprits;
  if (pod.security.runAsUser.value_or(1) == 0) culprits.add_pod();
  for (const ContainerView& container : pod.containers)
    if (container.security.runAsUser.value_or(1) == 0) culprits.add(container.name);
  if (culprits.empty()) return std::nullopt;
  return Finding{"runAsUser=0", culprits.text() + " must not set runAsUser=0"};
}

// Where the users are not those of the host, root is nobody there.
template <std::optional<Finding> (*find)(const PodView&)>
std::optional<Finding> on_the_host(const PodView& pod) {
  return pod.has_user_namespace() ? std::nullopt : find(pod);
}

const Registered<Check> privileges{"privileged", [] { return baseline({{0, privileged}}); }};
const Registered<Check> escalation{"allowPrivilegeEscalation", [] { return restricted({{8, escalates}, {25, escalates_on_linux}}); }};
const Registered<Check> non_root{"runAsNonRoot", [] { return restricted({{0, maybe_root}, {35, on_the_host<maybe_root>}}); }};
const Registered<Check> user{"runAsUser", [] { return restricted({{23, root_user}, {35, on_the_host<root_user>}}); }};

}  // namespace
}  // namespace plumb::apiserver::pod_security
