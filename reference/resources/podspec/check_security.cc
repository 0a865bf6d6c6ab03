#include <algorithm>

#include "reference/resources/podspec/validate.h"
#include "reference/resources/shared/checks.h"

namespace plumb::resources {
namespace {

void check_user(const api::Opt<std::int64_t>& id, const FieldPath& path, FieldErrors& errors) {
  if (id) check_number(api::check_user_id(*id), path, *id, errors);
}

void check_seccomp(const api::Box<corev1::SeccompProfile>& profile, const FieldPath& path, FieldErrors& errors) {
  if (!profile) return;
  if (profile->type.empty()) errors.required(path.child("type"), "type is required when seccompProfile is set");
  if (profile->type == "Localhost" && !profile->localhostProfile)
    errors.required(path.child("localhostProfile"), "must be set when seccomp type is Localhost");
  if (profile->type != "Localhost" && profile->localhostProfile)
    errors.invalid(path.child("localhostProfile"), quoted(*profile->localhostProfile), "can only be set when seccomp type is Localhost");
}

}  // namespace

void check_container_security(const corev1::SecurityContext& context, const FieldPath& path, FieldErrors& errors) {
  check_user(context.runAsUser, path.child("runAsUser"), errors);
  check_user(context.runAsGroup, path.child("runAsGroup"), errors);
  check_seccomp(context.seccompProfile, path.child("seccompProfile"), errors);
  if (context.allowPrivilegeEscalation.value_or(true)) return;
  if (context.privileged.value_or(false))
    errors.invalid(path, "null", "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
  if (!context.capabilities) return;
  const auto& added = context.capabilities->add;
  if (std::find(added.begin(), added.end(), std::string_view("CAP_SYS_ADMIN")) != added.end())
    errors.invalid(path, "null", "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
}

void check_security(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  if (!spec.securityContext) return;
  const auto& context = *spec.securityContext;
  check_user(context.fsGroup, path.child("fsGroup"), errors);
  check_user(context.runAsUser, path.child("runAsUser"), errors);
  check_user(context.runAsGroup, path.child("runAsGroup"), errors);
  for (std::size_t i = 0; i < context.supplementalGroups.size(); ++i)
    check_number(api::check_group_id(context.supplementalGroups[i]), path.child("supplementalGroups").index(i), context.supplementalGroups[i], errors);
  if (spec.shareProcessNamespace.value_or(false) && spec.hostPID)
    errors.invalid(path.child("shareProcessNamespace"), "true", "ShareProcessNamespace and HostPID cannot both be enabled");
  check_seccomp(context.seccompProfile, path.child("seccompProfile"), errors);
}

}  // namespace plumb::resources
