// Amounts of resources by name, and sums of them: requests, limits, quotas.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reference/api/text/quantity.h"
#include "reference/api/values/list.h"
#include "reference/api/values/scalars.h"

namespace plumb::resources {

using Amounts = std::map<std::string, api::Quantity, std::less<>>;

// A text that is no quantity counts as absent.
Amounts amounts_of(const api::Map<api::QuantityText>& texts);
api::Map<api::QuantityText> text_of(const Amounts& amounts);

void add(Amounts& to, const Amounts& more);
// Raises each amount to the one of `other`, where that is more or the only one.
void raise(Amounts& to, const Amounts& other);
// What of `amounts` has one of these names.
template <class Named>
Amounts masked(const Amounts& amounts, const Named& names) {
  Amounts kept;
  for (const auto& [name, amount] : amounts)
    if (names.contains(name)) kept.emplace(name, amount);
  return kept;
}
// "cpu=1,memory=2Gi"
std::string listed(const Amounts& amounts);

}  // namespace plumb::resources
