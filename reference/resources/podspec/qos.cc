#include "reference/resources/podspec/qos.h"

#include <map>
#include <string>

#include "reference/api/text/quantity.h"

namespace plumb::resources {
namespace {

using Amounts = std::map<std::string, api::Quantity>;

bool counts(std::string_view resource) { return resource == "cpu" || resource == "memory"; }

// Adds what is above zero and answers how many kinds that were.
std::size_t add_positive(const api::Map<api::QuantityText>& from, Amounts& to) {
  std::size_t kinds = 0;
  for (const auto& [name, text] : from) {
    const auto amount = api::Quantity::parse(text.text);
    if (!counts(name) || !amount.ok() || amount->sign() <= 0) continue;
    to[name.str()] += *amount;
    ++kinds;
  }
  return kinds;
}

struct Sums {
  Amounts requests, limits;
  bool guaranteed = true;

  void add(const corev1::ResourceRequirements& resources) {
    add_positive(resources.requests, requests);
    if (add_positive(resources.limits, limits) != 2) guaranteed = false;
  }
};

}  // namespace

std::string_view compute_qos(const corev1::PodSpec& spec) {
  Sums sums;
  if (spec.resources && (!spec.resources->requests.empty() || !spec.resources->limits.empty())) {
    sums.add(*spec.resources);
  } else {
    for (const auto& container : spec.initContainers) sums.add(container.resources);
    for (const auto& container : spec.containers) sums.add(container.resources);
  }
  if (sums.requests.empty() && sums.limits.empty()) return "BestEffort";
  return sums.guaranteed && sums.requests == sums.limits ? "Guaranteed" : "Burstable";
}

}  // namespace plumb::resources
