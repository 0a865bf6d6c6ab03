// ResourceQuota: what a namespace uses stays within what its quotas allow. A request's share is added to status.used in the transaction
// that stores its object, so that requests at the same time never get more than there is, and none that fails keeps its share.
#include "reference/api/types/corev1.h"
#include "reference/apiserver/admission/plugin.h"
#include "reference/resources/resourcequotas/evaluator.h"

namespace plumb::apiserver {
namespace {

namespace quota = resources::quota;
using corev1::ResourceQuota;
using resources::Amounts;

std::string joined(const quota::Names& names) {
  std::string text;
  for (const std::string& name : names) text.append(text.empty() ? "" : ",").append(name);
  return text;
}

std::string listed(const Amounts& amounts, const quota::Names& names) { return resources::listed(resources::masked(amounts, names)); }

Amounts positive(Amounts amounts) {
  std::erase_if(amounts, [](const auto& each) { return each.second.sign() <= 0; });
  return amounts;
}

Amounts less(Amounts amounts, const Amounts& before) {
  for (auto& [name, amount] : amounts)
    if (const auto was = before.find(name); was != before.end()) amount -= was->second;
  return positive(std::move(amounts));
}

// One request against the quotas of its namespace.
class Check {
 public:
  Check(const AdmissionRequest& request, const quota::Evaluator& evaluator) : request_(request), evaluator_(evaluator) {}

  Refusal against(const std::vector<api::ObjectPtr>& quotas, Companions& companions) {
    std::vector<std::shared_ptr<const ResourceQuota>> concerned;
    for (const api::ObjectPtr& each : quotas) {
      auto limiting = api::as<ResourceQuota>(each);
      if (!concerns(*limiting, *request_.object)) continue;
      if (auto refused = check_said(*limiting)) return refused;
      concerned.push_back(std::move(limiting));
    }
    if (concerned.empty()) return std::nullopt;
    usage_ = evaluator_.usage(*request_.object, request_.now);
    if (auto refused = check_signs()) return refused;
    for (const auto& limiting : concerned)
      if (auto refused = charge(limiting, companions)) return refused;
    return std::nullopt;
  }

 private:
  Refusal forbidden(std::string why) const {
    return status::forbidden({request_.resource.group(), request_.resource.names().plural}, request_.name, why);
  }

  bool concerns(const ResourceQuota& limiting, const api::Object& object) const {
    return !quota::tracked(evaluator_, limiting.status.hard).empty() && quota::in_scopes(evaluator_, limiting.spec, object);
  }

  Refusal check_said(const ResourceQuota& limiting) const {
    const quota::Names restricted = quota::tracked(evaluator_, limiting.status.hard);
    const std::string name = limiting.metadata.name.str();
    const std::string unsaid = evaluator_.unsaid(*request_.object, restricted);
    if (!unsaid.empty()) return forbidden("failed quota: " + name + ": " + unsaid);
    for (const std::string& each : restricted)
      if (!limiting.status.used.contains(each)) return forbidden("status unknown for quota: " + name + ", resources: " + joined(restricted));
    return std::nullopt;
  }

  Refusal check_signs() const {
    quota::Names negative;
    for (const auto& [name, amount] : usage_)
      if (amount.sign() < 0) negative.insert(name);
    return negative.empty() ? Refusal() : forbidden("quota usage is negative for resource(s): " + joined(negative));
  }

  // An update is charged for what it uses more than before, where the quota knew it before.
  Amounts share(const ResourceQuota& limiting) const {
    if (!request_.old || !concerns(limiting, *request_.old)) return positive(usage_);
    return less(usage_, evaluator_.usage(*request_.old, request_.now));
  }

  Refusal charge(const std::shared_ptr<const ResourceQuota>& limiting, Companions& companions) const {
    const Amounts hard = resources::amounts_of(limiting->status.hard), requested = resources::masked(share(*limiting), hard);
    if (requested.empty()) return std::nullopt;
    const Amounts used = resources::amounts_of(limiting->status.used);
    Amounts sum = used;
    resources::add(sum, requested);
    quota::Names exceeded;
    for (const auto& [name, amount] : requested)
      if (sum.at(name) > hard.at(name)) exceeded.insert(name);
    // What a status says has happened already.
    if (!exceeded.empty() && request_.subresource != "status")
      return forbidden("exceeded quota: " + limiting->metadata.name.str() + ", requested: " + listed(requested, exceeded) +
                       ", used: " + listed(used, exceeded) + ", limited: " + listed(hard, exceeded));
    auto next = std::make_shared<ResourceQuota>(*limiting);
    next->status.used = resources::text_of(sum);
    companions.changes.push_back({limiting, std::move(next)});
    return std::nullopt;
  }

  const AdmissionRequest& request_;
  const quota::Evaluator& evaluator_;
  Amounts usage_;
};

class ResourceQuotaPlugin final : public AdmissionPlugin {
 public:
  int order() const override { return 200; }

  Refusal reserve(const AdmissionRequest& request, const ClusterView& cluster, Companions& companions) const override {
    if (request.namespace_.empty() || !request.object) return std::nullopt;
    const quota::Evaluator* evaluator = quota::evaluator_of(request.resource);
    if (!evaluator || !evaluator->handles({request.subresource, request.object, request.old})) return std::nullopt;
    const auto quotas = cluster.list(ResourceQuota::info(), request.namespace_);
    return quotas.empty() ? Refusal() : Check(request, *evaluator).against(quotas, companions);
  }
};

const Registered<AdmissionPlugin> registered_resource_quota{"ResourceQuota", [] { return std::make_unique<ResourceQuotaPlugin>(); }};

}  // namespace
}  // namespace plumb::apiserver
