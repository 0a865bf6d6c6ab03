// The controller "resourcequota-controller": keeps the status of quotas. Admission adds to what is used; this takes away what is no longer
// used, and counts everything anew for a quota that is new or has changed, and every five minutes.
#include <algorithm>

#include "reference/controllers/framework/controller.h"
#include "reference/controllers/resourcequota/decide.h"
#include "reference/resources/resourcequotas/evaluator.h"

namespace plumb::controllers::resourcequota {

namespace {

namespace quota = resources::quota;
using informer::object_key;
using informer::Resource;

bool is_countable(const Resource& resource) {
  if (resource.stored_as() || !quota::evaluator_of(resource)) return false;
  const auto verbs = resource.verbs();
  const auto serves = [&](std::string_view verb) { return std::find(verbs.begin(), verbs.end(), verb) != verbs.end(); };
  return serves("create") && serves("list") && serves("watch") && serves("delete");
}

class ResourceQuotas final : public Controller {
 public:
  std::string component() const override { return "resourcequota-controller"; }
  std::string queue_name() const override { return "resourcequota_primary"; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"list,watch", "*", "*"},
            {"update", "core", "resourcequotas/status"},
            apiserver::records_events};
  }
  std::vector<OptionSpec> options() const override {
    return {{"resource-quota-sync-period", OptionSpec::Kind::duration, "5m0s", "after this long every quota is counted anew; 0: never"}};
  }

  void watch(Watches& watches) override {
    watches_ = &watches;
    period_ = watches.options.duration("resource-quota-sync-period", std::chrono::minutes(5));
    watches.informer<corev1::ResourceQuota>().add_index(informer::index::by_namespace, informer::index::namespace_of);
    quotas_ = watches.watch<corev1::ResourceQuota>([this](const QuotaPtr& before, const QuotaPtr& after) {
      if (after && (!before || !(before->spec.hard == after->spec.hard))) watches_->queue.add(object_key(*after));
    });
    for (const Resource* resource : resources::all()) {
      if (!is_countable(*resource)) continue;
      countable_.push_back(resource);
      watches.informer(*resource).add_handler([this, evaluator = quota::evaluator_of(*resource)](const ObjectPtr& before, const ObjectPtr& after) {
        if (before) object_changed(*evaluator, *before, after.get());
      });
    }
  }

  Plan reconcile(const std::string& key, const Now& now) override {
    const QuotaPtr limiting = quotas_.get(key);
    if (!limiting) return {};
    Plan plan = decide(limiting, countable_, now);
    if (period_ > Duration::zero()) plan.come_again(period_);
    return plan;
  }

 private:
  // Wakes the quotas of which the object used something that it no longer does.
  void object_changed(const quota::Evaluator& evaluator, const api::Object& before, const api::Object* after) {
    const api::Str& home = before.metadata.namespace_;
    if (quotas_.count_by_index(informer::index::by_namespace, home) == 0) return;
    if (after && !evaluator.frees(before, *after, watches_->clock.wall())) return;
    for (const QuotaPtr& limiting : quotas_.by_index(informer::index::by_namespace, home))
      if (!quota::tracked(evaluator, limiting->status.hard).empty()) watches_->queue.add(object_key(*limiting));
  }

  Watches* watches_ = nullptr;
  Duration period_{};
  std::vector<const Resource*> countable_;
  informer::Lister<corev1::ResourceQuota> quotas_;
};

const Registered<Controller> registered{"resourcequota-controller", [] { return std::make_unique<ResourceQuotas>(); }};

}  // namespace

}  // namespace plumb::controllers::resourcequota
