// Linux capabilities: only those that every container may have, or none but that to bind low ports.
#include <algorithm>

#include "harness/base/encoding.h"
#include "reference/apiserver/admission/pod_security/check.h"

namespace plumb::apiserver::pod_security {
namespace {

constexpr std::string_view harmless[] = {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
                                         "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"};

// Containers that add what `allowed` does not allow, with what they add; nullopt: none.
template <class Allowed>
std::optional<std::string> adding(const PodView& pod, Allowed allowed) {
  Culprits culprits;
  Texts added;
  for (const ContainerView& container : pod.containers) {
    if (!container.security.capabilities) continue;
    bool bad = false;
    for (const api::Str& each : container.security.capabilities->add) {
      if (allowed(each.view())) continue;
      bad = true;
      added.insert(each.str());
    }
    if (bad) culprits.add(container.name);
  }
  if (culprits.empty()) return std::nullopt;
  return culprits.text() + " must not include " + quoted(added) + " in securityContext.capabilities.add";
}

std::optional<Finding> harmful(const PodView& pod) {
  const auto found = adding(pod, [](std::string_view each) { return std::find(std::begin(harmless), std::end(harmless), each) != std::end(harmless); });
  if (!found) return std::nullopt;
  return Finding{"non-default capabilities", *found};
}

bool drops_all(const ContainerView& container) {
  if (!container.security.capabilities) return false;
  const auto& dropped = container.security.capabilities->drop;
  return std::any_of(dropped.begin(), dropped.end(), [](const api::Str& each) { return each == "ALL"; });
}

std::optional<Finding> unrestricted(const PodView& pod) {
  Culprits keeping;
  for (const ContainerView& container : pod.containers)
    if (!drops_all(container)) keeping.add(container.name);
  std::vector<std::string> details;
  if (!keeping.empty()) details.push_back(keeping.text() + " must set securityContext.capabilities.drop=[\"ALL\"]");
  if (auto found = adding(pod, [](std::string_view each) { return each == "NET_BIND_SERVICE"; })) details.push_back(*found);
  if (details.empty()) return std::nullopt;
  return Finding{"unrestricted capabilities", join(details, "; ")};
}

std::optional<Finding> unrestricted_on_linux(const PodView& pod) { return pod.runs_windows() ? std::nullopt : unrestricted(pod); }

const Registered<Check> at_baseline{"capabilities_baseline", [] { return baseline({{0, harmful}}); }};
const Registered<Check> when_restricted{"capabilities_restricted", [] { return restricted({{22, unrestricted}, {25, unrestricted_on_linux}}, "capabilities_baseline"); }};

}  // namespace
}  // namespace plumb::apiserver::pod_security
