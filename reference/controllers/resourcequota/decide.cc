#include "reference/controllers/resourcequota/decide.h"

#include "reference/resources/resourcequotas/evaluator.h"

namespace plumb::controllers::resourcequota {

namespace {

namespace quota = resources::quota;
using resources::Amounts;

// The names that objects of one resource are counted under, and how much of each there is.
Amounts count(const corev1::ResourceQuota& limiting, const quota::Evaluator& evaluator, const std::vector<ObjectPtr>& objects, WallTime now) {
  const quota::Names names = quota::tracked(evaluator, limiting.spec.hard);
  Amounts sum;
  for (const std::string& name : names) sum.emplace(name, api::Quantity());
  for (const ObjectPtr& object : objects)
    if (quota::in_scopes(evaluator, limiting.spec, *object)) resources::add(sum, resources::masked(evaluator.usage(*object, now), names));
  return sum;
}

Plan write(const QuotaPtr& limiting, Amounts counted) {
  Plan plan;
  const Amounts hard = resources::amounts_of(limiting->spec.hard), was = resources::amounts_of(limiting->status.used);
  Amounts used = resources::masked(was, hard);
  for (auto& [name, amount] : counted) used.insert_or_assign(name, amount);
  const bool known = hard == resources::amounts_of(limiting->status.hard);
  if (known && used == was) return plan;
  auto next = std::make_shared<corev1::ResourceQuota>(*limiting);
  next->status.hard = limiting->spec.hard;
  next->status.used = resources::text_of(used);
  plan.act(informer::update_status_request(next)).accept = {"NotFound"};
  // What was made since the count is charged by limits that are in the status already, not by these: it is counted once they are.
  if (!known) plan.come_again(Duration::zero());
  return plan;
}

}  // namespace

Plan decide(const QuotaPtr& limiting, const std::vector<const informer::Resource*>& countable, const Now& now) {
  Plan plan;
  std::vector<const informer::Resource*> counted;
  for (const informer::Resource* resource : countable)
    if (!quota::tracked(*quota::evaluator_of(*resource), limiting->spec.hard).empty()) counted.push_back(resource);
  if (counted.empty()) return write(limiting, {});
  Stage& stage = plan.stage();
  for (const informer::Resource* resource : counted) {
    Action& action = stage.actions.emplace_back();
    action.request.resource = resource;
    action.request.namespace_ = limiting->metadata.namespace_.str();
    action.list = true;
  }
  plan.then = [limiting, counted, now](const Outcome& outcome) {
    Plan after;
    after.retry = outcome.failure;
    if (outcome.failure) return after;
    Amounts sum;
    for (std::size_t i = 0; i < counted.size(); ++i)
      resources::add(sum, count(*limiting, *quota::evaluator_of(*counted[i]), outcome.answers[i].items, now.wall));
    return write(limiting, std::move(sum));
  };
  return plan;
}

}  // namespace plumb::controllers::resourcequota
