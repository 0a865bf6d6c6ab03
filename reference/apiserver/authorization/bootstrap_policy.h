// The roles and bindings that upstream creates at first start: what the system's users, service accounts and people may do.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/base/registry.h"
#include "reference/api/object.h"
#include "reference/api/types/rbacv1.h"

namespace plumb::apiserver {

// A rule as words: commas inside each; "core" is the group "". Resources that start with '/' are paths. Without names: all.
struct Grant {
  std::string verbs, groups, resources, names = {};
  friend bool operator==(const Grant&, const Grant&) = default;
};
rbacv1::PolicyRule rule_of(const Grant& grant);
// What everybody may do that records events.
inline const Grant records_events{"create,patch,update", "core,events.k8s.io", "events"};

// A ClusterRole, and the ClusterRoleBinding of the same name that gives it to one subject.
struct PolicyRole {
  std::string name;
  std::string kind;     // "User", or "ServiceAccount" of kube-system
  std::string subject;
  std::vector<Grant> grants;
};
// What a part of the cluster adds to the policy; it registers itself.
class PolicySource {
 public:
  virtual ~PolicySource() = default;
  virtual std::vector<PolicyRole> roles() const = 0;
};

std::vector<std::shared_ptr<api::Object>> bootstrap_policy();

}  // namespace plumb::apiserver
