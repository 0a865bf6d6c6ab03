// The controller "clusterrole-aggregation-controller": a ClusterRole with an aggregation rule has the rules of all ClusterRoles that it selects.
#include <algorithm>

#include "reference/api/types/rbacv1.h"
#include "reference/controllers/framework/controller.h"
#include "reference/controllers/framework/ownership.h"

namespace plumb::controllers::clusterroleaggregation {

namespace {

using RolePtr = std::shared_ptr<const rbacv1::ClusterRole>;
using Rules = api::List<rbacv1::PolicyRule>;

bool aggregates(const rbacv1::ClusterRole& role) { return role.aggregationRule.has_value(); }

// In the order of the selectors, and of the names under each; the same rule once.
Rules aggregated_rules(const rbacv1::ClusterRole& role, const std::vector<RolePtr>& by_name) {
  Rules rules;
  for (const metav1::LabelSelector& each : role.aggregationRule->clusterRoleSelectors) {
    const auto selector = selector_of(&each);
    if (!selector.ok()) continue;
    for (const RolePtr& other : by_name) {
      if (other->metadata.name == role.metadata.name || !matches(*selector, other->metadata.labels)) continue;
      for (const rbacv1::PolicyRule& rule : other->rules)
        if (std::find(rules.begin(), rules.end(), rule) == rules.end()) rules.push_back(rule);
    }
  }
  return rules;
}

Plan decide(const RolePtr& role, std::vector<RolePtr> all) {
  Plan plan;
  if (!role || !aggregates(*role)) return plan;
  std::sort(all.begin(), all.end(), [](const RolePtr& a, const RolePtr& b) { return a->metadata.name < b->metadata.name; });
  Rules rules = aggregated_rules(*role, all);
  if (rules == role->rules) return plan;
  auto next = std::make_shared<rbacv1::ClusterRole>(*role);
  next->rules = std::move(rules);
  plan.act(informer::update_request(next));
  return plan;
}

class ClusterRoleAggregation final : public Controller {
 public:
  std::string component() const override { return "clusterrole-aggregation-controller"; }
  std::string queue_name() const override { return "ClusterRoleAggregator"; }
  // It hands on whatever somebody may: so it may escalate.
  std::vector<apiserver::Grant> grants() const override {
    return {{"escalate,get,list,patch,update,watch", "rbac.authorization.k8s.io", "clusterroles"}};
  }

  // Any role may be selected by any other.
  void watch(Watches& watches) override {
    watches.informer<rbacv1::ClusterRole>().add_index("aggregates", [](const api::Object& object, std::vector<std::string>& values) {
      if (aggregates(static_cast<const rbacv1::ClusterRole&>(object))) values.emplace_back("yes");
    });
    roles_ = watches.lister<rbacv1::ClusterRole>();
    watches.watch<rbacv1::ClusterRole>([this, &queue = watches.queue](const RolePtr&, const RolePtr&) {
      for (const RolePtr& role : roles_.by_index("aggregates", "yes")) queue.add(informer::object_key(*role));
    });
  }

  Plan reconcile(const std::string& key, const Now&) override { return decide(roles_.get(key), roles_.list()); }

 private:
  informer::Lister<rbacv1::ClusterRole> roles_;
};

const Registered<Controller> registered{"clusterrole-aggregation-controller", [] { return std::make_unique<ClusterRoleAggregation>(); }};

}  // namespace

}  // namespace plumb::controllers::clusterroleaggregation
