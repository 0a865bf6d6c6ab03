// One rule of the Pod Security Standards. A file in checks/ registers it under upstream's id:
//
//   const Registered<Check> registered_host_namespaces{"hostNamespaces", [] { return baseline({{0, host_namespaces}}); }};
//
// A check is a function from a pod to what is wrong with it, in upstream's words. What a later release asks differently is a further
// revision; the rules of earlier releases stay as they were.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/registry.h"
#include "reference/api/types/corev1.h"
#include "reference/apiserver/admission/pod_security/policy.h"

namespace plumb::apiserver::pod_security {

// What the checks look at in a container, of whichever kind it is.
struct ContainerView {
  std::string_view name;
  const corev1::SecurityContext& security;  // empty when there is none
  const api::List<corev1::ContainerPort>& ports;
  std::vector<const corev1::Probe*> probes;  // those that are there
  const corev1::Lifecycle* lifecycle;
};

struct PodView {
  PodView(const metav1::ObjectMeta& metadata, const corev1::PodSpec& spec);
  const api::Map<api::Str>& annotations;
  const corev1::PodSpec& spec;
  const corev1::PodSecurityContext& security;  // empty when there is none
  std::vector<ContainerView> containers;       // init containers, containers, ephemeral ones

  bool runs_windows() const { return spec.os && spec.os->name == "windows"; }
  // Its users are not those of the host.
  bool has_user_namespace() const { return !spec.hostUsers.value_or(true); }
};

struct Finding {
  std::string reason, detail;
};

struct Check {
  struct Revision {
    int since;  // the minor release that it came with
    std::function<std::optional<Finding>(const PodView&)> find;
  };
  Level level;
  std::vector<Revision> revisions;  // rising
  std::string_view replaces;        // the baseline check that this restricted one stands for; empty: none

  // nullptr: the release knew no such rule.
  const Revision* at(int minor) const;
};

std::unique_ptr<Check> baseline(std::vector<Check::Revision> revisions);
std::unique_ptr<Check> restricted(std::vector<Check::Revision> revisions, std::string_view replaces = {});

// All that keeps the pod from being at that level; baseline checks first, by id.
std::vector<Finding> violations(const LevelVersion& policy, const PodView& pod);
// "host namespaces (hostPID=true), privileged (…)", and without the details.
std::string with_details(const std::vector<Finding>& findings);
std::string without_details(const std::vector<Finding>& findings);

// Who is at fault: "pod and containers "a", "b"".
class Culprits {
 public:
  void add_pod() { pod_ = true; }
  void add(std::string_view container) { containers_.emplace_back(container); }
  bool empty() const { return !pod_ && containers_.empty(); }
  bool one_container() const { return containers_.size() == 1; }
  std::string text() const;

 private:
  bool pod_ = false;
  std::vector<std::string> containers_;
};

using Texts = std::set<std::string>;
// "a", "b"
std::string quoted(const Texts& texts);

}  // namespace plumb::apiserver::pod_security
