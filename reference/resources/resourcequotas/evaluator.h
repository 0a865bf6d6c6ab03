// How much of a quota an object uses: one evaluator a resource. Upstream's pkg/quota/v1: pods, services, claims and resource claims are
// measured, everything else is counted. Thread-safe, without state.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "harness/base/clock.h"
#include "reference/api/types/corev1.h"
#include "reference/resources/resource.h"
#include "reference/resources/shared/amounts.h"

namespace plumb::resources::quota {

using Names = std::set<std::string, std::less<>>;

// What a request does to an object, as far as quota cares. `old` is nullptr when it is made.
struct Change {
  std::string_view subresource;
  const api::Object* object = nullptr;
  const api::Object* old = nullptr;
};

class Evaluator {
 public:
  virtual ~Evaluator() = default;
  // False: the change uses nothing more.
  virtual bool handles(const Change& change) const { return !change.old && change.subresource.empty(); }
  // The name, as it stands in `hard`, is one that the resource's objects use.
  virtual bool tracks(std::string_view name) const = 0;
  virtual Amounts usage(const api::Object& object, WallTime now) const = 0;
  // Most have no scopes: a quota with any is not theirs.
  virtual bool in_scope(const api::Object&, const corev1::ScopedResourceSelectorRequirement&) const { return false; }
  // What the object has to say because these names are limited, and does not: "must specify cpu for: main". "" when nothing.
  virtual std::string unsaid(const api::Object&, const Names& /*restricted*/) const { return {}; }
  // The object no longer uses what it did, so that quotas are to be counted anew. (For one that vanishes they always are.)
  virtual bool frees(const api::Object& /*before*/, const api::Object& /*after*/, WallTime) const { return false; }
};

// nullptr for what no quota counts.
const Evaluator* evaluator_of(const Resource& resource);

// Those that measure.
const Evaluator& pods();
const Evaluator& services();
const Evaluator& claims();

// "count/deployments.apps", "count/pods"
std::string count_name(const Resource& resource);

// The names that the evaluator tracks of those that the quota limits now.
Names tracked(const Evaluator& evaluator, const api::Map<api::QuantityText>& hard);
// Of the quota's scopes and scope selector, all.
bool in_scopes(const Evaluator& evaluator, const corev1::ResourceQuotaSpec& spec, const api::Object& object);
// For scopes that ask for values: whether those of an object, such as its priority class, are meant.
bool selects(const corev1::ScopedResourceSelectorRequirement& requirement, const std::set<std::string_view>& values);

}  // namespace plumb::resources::quota
