// What a namespace's labels pod-security.kubernetes.io/… say: how much of the host a pod may touch, by which release's rules, and what
// follows when it wants more: a refusal (enforce), a warning (warn), or a mark for auditors (audit).
#pragma once

#include <limits>
#include <string>

#include "reference/api/values/list.h"
#include "reference/resources/field_errors.h"

namespace plumb::apiserver::pod_security {

enum class Level { privileged, baseline, restricted };

struct LevelVersion {
  static constexpr int latest = std::numeric_limits<int>::max();

  Level level = Level::privileged;
  int minor = latest;  // the rules of release 1.minor

  // "restricted:v1.25", "baseline:latest"
  std::string text() const;
  std::string level_text() const;
  std::string version_text() const;
  friend bool operator==(const LevelVersion&, const LevelVersion&) = default;
};

struct Policy {
  LevelVersion enforce, audit, warn;
};

// Always a policy. What cannot be read goes to `errors`; it is enforced as restricted and latest, while audit and warn let it pass.
Policy policy_of(const api::Map<api::Str>& labels, resources::FieldErrors& errors);

}  // namespace plumb::apiserver::pod_security
