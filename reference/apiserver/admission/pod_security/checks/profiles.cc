// Profiles of the kernel's security modules: AppArmor, SELinux, seccomp.
#include "harness/base/encoding.h"
#include "reference/apiserver/admission/pod_security/check.h"

namespace plumb::apiserver::pod_security {
namespace {

constexpr std::string_view apparmor_prefix = "container.apparmor.security.beta.kubernetes.io/";
constexpr std::string_view seccomp_pod = "seccomp.security.alpha.kubernetes.io/pod";
constexpr std::string_view seccomp_prefix = "container.seccomp.security.alpha.kubernetes.io/";
constexpr auto* seccomp_reason = "seccompProfile";

std::string assignment(std::string_view key, std::string_view value) { return std::string(key) + "=" + resources::FieldErrors::quoted(value); }

bool is_bounded(std::string_view type) { return type == "RuntimeDefault" || type == "Localhost"; }

// Who sets a profile of a type that confines nothing, and which.
struct Unbounded {
  Culprits culprits;
  Texts types;
};
template <class ProfileOf>
Unbounded unbounded(const PodView& pod, ProfileOf profile_of) {
  Unbounded found;
  const auto is_bad = [&](const auto& security) {
    const auto& profile = profile_of(security);
    if (!profile || is_bounded(profile->type.view())) return false;
    found.types.insert(profile->type.str());
    return true;
  };
  if (is_bad(pod.security)) found.culprits.add_pod();
  for (const ContainerView& container : pod.containers)
    if (is_bad(container.security)) found.culprits.add(container.name);
  return found;
}

std::optional<Finding> apparmor(const PodView& pod) {
  const Unbounded set = unbounded(pod, [](const auto& security) -> const auto& { return security.appArmorProfile; });
  Texts annotations;
  for (const auto& [key, value] : pod.annotations) {
    const std::string_view profile = value.view();
    if (key.view().starts_with(apparmor_prefix) && !profile.empty() && profile != "runtime/default" && !profile.starts_with("localhost/"))
      annotations.insert(assignment(key, profile));
  }
  std::vector<std::string> culprits, values(set.types.begin(), set.types.end());
  if (!set.culprits.empty()) culprits.push_back(set.culprits.text());
  if (!annotations.empty()) culprits.emplace_back(annotations.size() == 1 ? "annotation" : "annotations");
  if (culprits.empty()) return std::nullopt;
  values.insert(values.end(), annotations.begin(), annotations.end());
  return Finding{values.size() == 1 ? "forbidden AppArmor profile" : "forbidden AppArmor profiles",
                 join(culprits, " and ") + " must not set AppArmor profile type to \"" + join(values, "\", \"") + "\""};
}

class SelinuxOptions {
 public:
  explicit SelinuxOptions(bool engine) : engine_(engine) {}
  bool allows(const api::Box<corev1::SELinuxOptions>& options) {
    if (!options) return true;
    const std::string_view type = options->type.view();
    const bool known = type.empty() || type == "container_t" || type == "container_init_t" || type == "container_kvm_t" || (engine_ && type == "container_engine_t");
    if (!known) types_.emplace(type);
    user_ = user_ || !options->user.empty();
    role_ = role_ || !options->role.empty();
    return known && options->user.empty() && options->role.empty();
  }
  std::string refused() const {
    std::vector<std::string> parts;
    if (!types_.empty()) parts.push_back((types_.size() == 1 ? "type " : "types ") + quoted(types_));
    if (user_) parts.emplace_back("user may not be set");
    if (role_) parts.emplace_back("role may not be set");
    return join(parts, "; ");
  }

 private:
  const bool engine_;
  Texts types_;
  bool user_ = false, role_ = false;
};

template <bool engine>
std::optional<Finding> selinux(const PodView& pod) {
  SelinuxOptions options(engine);
  Culprits culprits;
  if (!options.allows(pod.security.seLinuxOptions)) culprits.add_pod();
  for (const ContainerView& container : pod.containers)
    if (!options.allows(container.security.seLinuxOptions)) culprits.add(container.name);
  if (culprits.empty()) return std::nullopt;
  return Finding{"seLinuxOptions", culprits.text() + " set forbidden securityContext.seLinuxOptions: " + options.refused()};
}

// Up to 1.18 the profile was an annotation.
std::optional<Finding> seccomp_annotations(const PodView& pod) {
  Texts forbidden;
  const auto look_at = [&](const std::string& key) {
    if (!pod.annotations.contains(key)) return;
    const std::string value = pod.annotations.get(key).str();
    if (value != "runtime/default" && value != "docker/default" && !value.starts_with("localhost/")) forbidden.insert(assignment(key, value));
  };
  look_at(std::string(seccomp_pod));
  for (const ContainerView& container : pod.containers) look_at(std::string(seccomp_prefix) + std::string(container.name));
  if (forbidden.empty()) return std::nullopt;
  return Finding{seccomp_reason, (forbidden.size() == 1 ? "forbidden annotation " : "forbidden annotations ") + join({forbidden.begin(), forbidden.end()}, ", ")};
}

std::optional<Finding> seccomp_set(const PodView& pod) {
  const Unbounded set = unbounded(pod, [](const auto& security) -> const auto& { return security.seccompProfile; });
  if (set.culprits.empty()) return std::nullopt;
  return Finding{seccomp_reason, set.culprits.text() + " must not set securityContext.seccompProfile.type to " + quoted(set.types)};
}

std::optional<Finding> seccomp_missing(const PodView& pod) {
  if (auto set = seccomp_set(pod)) return set;
  if (pod.security.seccompProfile) return std::nullopt;
  Culprits silent;
  for (const ContainerView& container : pod.containers)
    if (!container.security.seccompProfile) silent.add(container.name);
  if (silent.empty()) return std::nullopt;
  return Finding{seccomp_reason, "pod or " + silent.text() + " must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\""};
}

std::optional<Finding> seccomp_missing_on_linux(const PodView& pod) { return pod.runs_windows() ? std::nullopt : seccomp_missing(pod); }

const Registered<Check> apparmor_profile{"appArmorProfile", [] { return baseline({{0, apparmor}}); }};
const Registered<Check> selinux_options{"seLinuxOptions", [] { return baseline({{0, selinux<false>}, {31, selinux<true>}}); }};
const Registered<Check> seccomp_baseline{"seccompProfile_baseline", [] { return baseline({{0, seccomp_annotations}, {19, seccomp_set}}); }};
const Registered<Check> seccomp_restricted{"seccompProfile_restricted",
                                           [] { return restricted({{19, seccomp_missing}, {25, seccomp_missing_on_linux}}, "seccompProfile_baseline"); }};

}  // namespace
}  // namespace plumb::apiserver::pod_security
